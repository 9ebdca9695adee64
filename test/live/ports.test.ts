import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { otherTenant, overDrivers, startLiveHost, type LiveHost } from '../support/live-host.ts';
import { needs } from '../support/needs.ts';

const uidBase = 1_900_000_000 + (process.pid % 1000) * 20_000;
const first = 41_000 + (process.pid % 1_000) * 4;
// Answers with what it was sent, once that has ended.
const echo =
  "require('net').createServer({ allowHalfOpen: true }, (s) => { const all = []; s.on('data', (d) => all.push(d)); s.on('end', () => s.end(Buffer.concat(all))); s.on('error', () => {}); }).listen(9000, '127.0.0.1')";

interface Mapped {
  readonly sandbox: string;
  readonly port: number;
  readonly host: string;
  readonly hostPort: number;
  readonly listening?: boolean;
}

async function send(hostPort: number, text: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: hostPort });
  socket.end(text);
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

overDrivers('ports of this machine that are mapped', (driver) => {
  let live: LiveHost;
  let sandbox: string;
  before(async () => {
    live = await startLiveHost({ driver, uidBase, previews: { mapped: { first, last: first + 3 } } });
    sandbox = await live.create({ languages: ['javascript'] });
    await live.call('processes.start', { sandbox, argv: ['node', '-e', echo] });
    while ((await call<{ ports: [] }>('list')).ports.length === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
  });
  after(() => live?.[Symbol.asyncDispose]());

  const call = <T = Mapped>(verb: string, params: object = {}) => live.call<T>(`ports.${verb}`, { sandbox, ...params });
  const mapped = async () => (await call<{ ports: Mapped[] }>('mapped')).ports;

  it('carry connections whose halves end on their own', async () => {
    const { hostPort, host, port } = await call('map', { port: 9_000 });
    assert.deepEqual([host, port], ['127.0.0.1', 9_000]);
    assert.ok(hostPort >= first && hostPort <= first + 3);
    const text = 'x'.repeat(3_000_000);
    const answers = await Promise.all(['one', 'two', text].map((each) => send(hostPort, each)));
    assert.deepEqual(answers, ['one', 'two', text]);
    await assert.rejects(call('map', { port: 9_000 }), { code: 'conflict' });
    const both = await Promise.allSettled([call('map', { port: 9_001 }), call('map', { port: 9_001 })]);
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    const { hostPort: closed } = (await mapped()).find((each) => each.port === 9_001)!;
    await assert.rejects(send(closed, 'x'), { code: 'ECONNRESET' });
    await call('unmap', { port: 9_001 });
    await assert.rejects(send(closed, 'x'), { code: 'ECONNREFUSED' });
    await assert.rejects(call('unmap', { port: 9_001 }), { code: 'not_found' });
  });

  it('are the wanted ones, or none', async () => {
    await using taken = createServer();
    taken.listen({ host: '127.0.0.1', port: 0 });
    await once(taken, 'listening');
    await assert.rejects(call('map', { port: 1, hostPort: (taken.address() as AddressInfo).port }), {
      code: 'limit_out_of_range',
    });
    const held = (await mapped()).map(({ hostPort }) => hostPort);
    const wanted = [first, first + 1].find((each) => !held.includes(each));
    assert.equal((await call('map', { port: 1, hostPort: wanted })).hostPort, wanted);
    await assert.rejects(call('map', { port: 2, hostPort: wanted }), { code: 'conflict' });
    await call('unmap', { port: 1 });
  });

  it('are of one tenant, stay over a restart of the plugin, and tell when they cannot', async () => {
    await assert.rejects(live.call('ports.map', { sandbox, port: 1 }, otherTenant), { code: 'not_found' });
    await assert.rejects(live.call('ports.unmap', { sandbox, port: 9_000 }, otherTenant), { code: 'not_found' });
    assert.deepEqual(await live.call('ports.mapped', {}, otherTenant), { ports: [] });
    const [{ hostPort, listening }] = (await mapped()) as [Mapped];
    assert.equal(listening, true);
    await live.host.call('plugins.reload', { id: 'live-previews' });
    assert.equal(await send(hostPort, 'again'), 'again');
    await call('unmap', { port: 9_000 });
    await call('map', { port: 9_000, hostPort });
    const held: Socket = connect({ host: '127.0.0.1', port: hostPort });
    await once(held, 'connect');
    // Ended or reset: that is as its program came to its end.
    const cut = new Promise((resolve) => held.on('error', () => undefined).once('close', resolve));
    await live.call('sandboxes.delete', { id: sandbox });
    await cut;
    while ((await mapped()).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  });
});

describe('previews over TLS', { skip: needs('openssl') }, () => {
  let live: LiveHost;
  let folder: string;
  before(async () => {
    folder = await mkdtemp('/var/tmp/soulbox-tls-');
    const subject = ['-subj', '/CN=previews.test', '-addext', 'subjectAltName=DNS:previews.test,DNS:*.previews.test'];
    const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')];
    await promisify(execFile)('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '1',
      ...subject,
      ...files,
    ]);
    live = await startLiveHost({
      uidBase: uidBase + 10_000,
      previews: {
        url: 'https://previews.test',
        tls: { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') },
        port: first + 3,
      },
    });
  });
  after(async () => {
    await live?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it('have names of their own that the certificate is for', async () => {
    const sandbox = await live.create({ languages: ['javascript'] });
    const { url, token } = await live.call<{ url: string; token: string }>('ports.expose', { sandbox, port: 8_080 });
    assert.equal(url, `https://8080-${sandbox}.previews.test/`);
    const ask = get({
      host: '127.0.0.1',
      port: first + 3,
      path: `/?soulbox_token=${token}`,
      servername: new URL(url).hostname,
      ca: await readFile(join(folder, 'certificate.pem')),
      headers: { host: new URL(url).host, accept: 'text/html' },
    });
    const [answer] = (await once(ask, 'response')) as [IncomingMessage];
    answer.resume();
    assert.equal(answer.statusCode, 303);
    assert.match(String(answer.headers['set-cookie']), /; Secure$/);
  });
});
