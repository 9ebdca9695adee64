import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { EgressProxy } from '../src/egress-proxy.ts';

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

describe('the way out of a build', () => {
  let folder: string;
  let server: Server;
  let address: string;
  let proxy: EgressProxy;
  const refused: string[] = [];
  const seen: IncomingMessage[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'soulbox-egress-'));
    server = createServer((message, response) => {
      seen.push(message);
      if (message.url === '/break') response.destroy();
      else void text(message).then((body) => response.end(`${message.method} ${message.url} ${body}`));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    proxy = await EgressProxy.listen({
      path: join(folder, 'out.sock'),
      allow: new Set([
        address,
        'localhost:9',
        '127.0.0.2:9',
        '[::1]:9',
        'no-such-name.invalid:443',
        '10.0.0.1:443',
        '127.0.0.3:9',
      ]),
      private: new Set([address, '127.0.0.3:9']),
      onRefused: (target, why) => refused.push(`${target}: ${why}`),
    });
  });
  after(async () => {
    await proxy.close();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  const forward = async (url: string, options: { method?: string; body?: string; headers?: object } = {}) => {
    const { method = 'GET', body = '', headers = {} } = options;
    const sent = request({ socketPath: join(folder, 'out.sock'), path: url, method, headers: { ...headers } });
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: answer.statusCode, body: await text(answer) } satisfies Answer;
  };

  const tunnel = async (target: string): Promise<{ status: number | undefined; socket: Socket }> => {
    const sent = request({ socketPath: join(folder, 'out.sock'), path: target, method: 'CONNECT' });
    sent.end();
    const [answer, socket] = (await once(sent, 'connect')) as [IncomingMessage, Socket];
    return { status: answer.statusCode, socket };
  };

  it('is not made where the kernel would cut the name of its socket', async () => {
    const path = join(folder, 'x'.repeat(100));
    const options = { path, allow: new Set<string>(), private: new Set<string>(), onRefused: () => undefined };
    await assert.rejects(EgressProxy.listen(options), { code: 'dependency_failed', message: /host\.dataDir/ });
  });

  it('carries plain requests to what is allowed, without what was meant for the proxy', async () => {
    const headers = { 'proxy-authorization': 'secret', 'proxy-connection': 'keep-alive', 'x-kept': 'yes' };
    const answer = await forward(`http://${address}/simple/?a=1`, { method: 'POST', body: 'data', headers });
    assert.deepEqual(answer, { status: 200, body: 'POST /simple/?a=1 data' });
    const [message] = seen;
    assert.deepEqual(
      [message?.headers.host, message?.headers['x-kept'], message?.headers['proxy-authorization']],
      [address, 'yes', undefined],
    );
  });

  it('carries tunnels to what is allowed', async () => {
    const { status, socket } = await tunnel(address);
    assert.equal(status, 200);
    socket.write('GET /through HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.match(await text(socket), /^HTTP\/1\.1 200 OK[\s\S]*GET \/through/);
  });

  it('tells of a server that breaks off or is not there', async () => {
    assert.deepEqual(await forward(`http://${address}/break`), { status: 502, body: '' });
    assert.equal((await forward('http://127.0.0.3:9/')).status, 502);
    const sent = request({ socketPath: join(folder, 'out.sock'), path: '127.0.0.3:9', method: 'CONNECT' });
    sent.end();
    await assert.rejects(once(sent, 'connect'));
  });

  for (const [target, why] of [
    ['127.0.0.1:1', 'not on the list'],
    ['localhost:9', 'its address is not a public one'],
    ['127.0.0.2:9', 'its address is not a public one'],
    ['10.0.0.1:443', 'its address is not a public one'],
    ['[::1]:9', 'its address is not a public one'],
    ['no-such-name.invalid:443', 'its name has no address'],
    ['nowhere', 'not a host and port'],
    ['user@127.0.0.1:x', 'not a host and port'],
  ] as const)
    it(`refuses ${target}: ${why}`, async () => {
      refused.length = 0;
      const { status, socket } = await tunnel(target);
      socket.destroy();
      assert.equal(status, 403);
      assert.deepEqual(refused, [`${target}: ${why}`]);
    });

  it('refuses requests that are not for http, or meant for itself', async () => {
    for (const url of ['https://pypi.org/', 'ftp://x/', '/', 'http://169.254.169.254/latest', 'http://0x7f000001:9/'])
      assert.equal((await forward(url)).status, 403, url);
  });

  it('ends what is under way when it is closed', async () => {
    const path = join(folder, 'second.sock');
    const second = await EgressProxy.listen({ path, allow: new Set(), private: new Set(), onRefused: () => undefined });
    const socket = connect(path);
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    await second.close();
    await closed;
  });
});
