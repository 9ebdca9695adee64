import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, it } from 'node:test';
import type { NetworkPolicy } from '@soulbox/plugin-sdk';
import { otherTenant, overDrivers, startLiveHost, type LiveHost } from '../support/live-host.ts';
import { startNameServer, type NameServer } from '../support/name-server.ts';

const uidBase = 1_940_000_000 + (process.pid % 1000) * 20_000;

interface Decision {
  readonly what: string;
  readonly name: string | null;
  readonly address: string | null;
  readonly port: number | null;
  readonly verdict: string;
  readonly reason: string | null;
}
interface Seen {
  readonly network: NetworkPolicy;
  readonly name: string | null;
  readonly connections: number;
  readonly counts: Record<string, number>;
  readonly decisions: readonly Decision[];
}

const payload = randomBytes(3_000_000);
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const portOf = (server: Server | TcpServer) => (server.address() as AddressInfo).port;
const ownAddress = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

overDrivers('networks of sandboxes that stay', (driver) => {
  let live: LiveHost;
  let names: NameServer;
  let web: Server;
  let port: number;
  const made: string[] = [];

  before(async () => {
    web = createServer((request, response) => {
      if (request.url === '/elsewhere') {
        response.writeHead(302, { location: `http://other.test:${port}/` }).end();
      } else if (request.url === '/bytes') response.end(payload);
      else if (request.method === 'POST') {
        const hash = createHash('sha256');
        request.on('data', (piece: Buffer) => hash.update(piece)).on('end', () => response.end(hash.digest('hex')));
      } else response.end(`hello ${request.headers.host}`);
    }).listen(0, '127.0.0.1');
    await once(web, 'listening');
    port = portOf(web);
    names = await startNameServer(
      {
        'allowed.test': ['127.0.0.1'],
        'api.allowed.test': ['127.0.0.1'],
        'other.test': ['127.0.0.1'],
        'slow.test': ['127.0.0.1'],
        'inner.test': ['10.9.8.7'],
        'mixed.test': ['10.9.8.7', '127.0.0.1'],
        'this-machine.test': ownAddress ? [ownAddress] : ['192.168.0.1'],
        'notes.allowed.test': [
          { type: 'TXT', name: 'notes.allowed.test', data: ['a note'] },
          { type: 'MX', name: 'notes.allowed.test', data: { preference: 5, exchange: 'mail.allowed.test' } },
          {
            type: 'SRV',
            name: 'notes.allowed.test',
            data: { port: 9, target: 'api.allowed.test', priority: 1, weight: 2 },
          },
        ],
      },
      { slow: ['slow.test'] },
    );
    live = await startLiveHost({
      driver,
      uidBase,
      networks: { granted: ['127.0.0.0/8'], nameServers: [names.address], connections: 8, names: 40, decisions: 50 },
    });
  });
  after(async () => {
    await live?.[Symbol.asyncDispose]();
    await names?.[Symbol.asyncDispose]();
    web?.closeAllConnections();
    web?.close();
  });

  const create = async (network: NetworkPolicy): Promise<string> => {
    const id = await live.create({ languages: ['javascript'], network });
    made.push(id);
    return id;
  };
  const node = async (sandbox: string, code: string): Promise<string> => {
    const { stdout, stderr } = await live.call<{ stdout: string; stderr: string }>('processes.run', {
      sandbox,
      argv: ['node', '-e', code],
      timeoutMs: 30_000,
    });
    return (stdout + stderr).trim();
  };
  /** What an HTTP client of the sandbox gets: the text, or the code of the error. */
  const get = (sandbox: string, url: string) =>
    node(
      sandbox,
      `fetch(${JSON.stringify(url)}).then((r) => r.text()).then(console.log, (e) => console.log(e.cause?.code ?? e.message))`,
    );
  /** How a bare connection ends. */
  const reach = (sandbox: string, host: string, to: number) =>
    node(
      sandbox,
      `const s = require('net').connect(${to}, ${JSON.stringify(host)}); s.on('error', (e) => console.log(e.code)).on('data', (d) => (console.log('' + d), s.destroy())).on('end', () => console.log('end')); s.write('GET / HTTP/1.0\\r\\n\\r\\n')`,
    );
  const seen = (sandbox: string) => live.call<Seen>('networks.get', { sandbox });
  const update = (sandbox: string, network: NetworkPolicy) => live.call<Seen>('networks.update', { sandbox, network });
  const last = async (sandbox: string) => {
    const { name, address, port: to, verdict, reason } = (await seen(sandbox)).decisions.at(-1)!;
    return [name ?? address, to, verdict, reason];
  };
  /** Where this machine can. */
  const pause = (id: string) =>
    live.call('sandboxes.pause', { id }).catch((error: unknown) => {
      if ((error as { code: string }).code !== 'unsupported') throw error;
    });
  const loopback = '127.0.0.0/8';

  it('reach what is allowed, by name, with any bytes', async () => {
    const sandbox = await create({ mode: 'restricted', allow: ['allowed.test', '*.allowed.test', loopback] });
    assert.equal(await get(sandbox, `http://allowed.test:${port}/`), `hello allowed.test:${port}`);
    assert.equal(await get(sandbox, `http://API.allowed.test.:${port}/`), `hello api.allowed.test.:${port}`);
    const hash = `require('crypto').createHash('sha256')`;
    const download = `fetch('http://allowed.test:${port}/bytes').then((r) => r.arrayBuffer()).then((b) => console.log(${hash}.update(Buffer.from(b)).digest('hex')))`;
    assert.equal(await node(sandbox, download), sha256(payload));
    const upload = `fetch('http://allowed.test:${port}/', { method: 'POST', body: Buffer.alloc(3_000_000, 'x') }).then((r) => r.text()).then(console.log)`;
    assert.equal(await node(sandbox, upload), sha256(Buffer.alloc(3_000_000, 'x')));
    const { counts, name, connections } = await seen(sandbox);
    assert.deepEqual([counts['refused'], name, connections], [0, null, 0]);
    assert.deepEqual(await last(sandbox), ['allowed.test', port, 'allowed', null]);
    const { enforced } = await live.call<{ enforced: { network: string } }>('sandboxes.get', { id: sandbox });
    assert.equal(enforced.network, 'gateway');
  });

  it('reach nothing else: no other name or port, no address, no redirect, no server of their choice', async () => {
    const sandbox = await create({ mode: 'restricted', allow: [`allowed.test:${port}`, `${loopback}:${port}`] });
    const asked = names.asked.length;
    assert.equal(await get(sandbox, `http://other.test:${port}/`), 'ENOTFOUND');
    assert.deepEqual(await last(sandbox), ['other.test', null, 'refused', 'not_allowed']);
    assert.equal(names.asked.length, asked, 'nobody outside was asked');
    assert.equal(await get(sandbox, `http://allowed.test:${port}/elsewhere`), 'ENOTFOUND');
    assert.equal(await reach(sandbox, 'allowed.test', 1), 'ECONNRESET');
    assert.deepEqual(await last(sandbox), ['allowed.test', 1, 'refused', 'not_allowed']);
    for (const address of ['8.8.8.8', '::ffff:8.8.8.8', '2606:4700::1111']) {
      assert.equal(await reach(sandbox, address, 443), 'ECONNRESET', address);
      assert.equal((await last(sandbox)).at(-1), 'not_allowed');
    }
    const chosen = `const { Resolver } = require('dns').promises; const r = new Resolver(); r.setServers(['8.8.8.8', '[2606:4700::1111]']); r.resolve4('other.test').catch((e) => console.log(e.code)).then(() => r.resolve4('allowed.test')).then((all) => console.log(all.length, all[0].startsWith('198.19.')))`;
    assert.equal(await node(sandbox, chosen), 'ENOTFOUND\n1 true');
    assert.equal(await reach(sandbox, '198.19.200.200', port), 'ECONNRESET');
    assert.deepEqual(await last(sandbox), ['198.19.200.200', port, 'refused', 'unknown_name']);
    // Datagrams to anybody but a name server go nowhere.
    const datagram = `const s = require('dgram').createSocket('udp4'); s.send('x', ${port}, '127.0.0.2', () => setTimeout(() => (console.log('silence'), s.close()), 100)); s.on('message', () => console.log('heard'))`;
    assert.equal(await node(sandbox, datagram), 'silence');
  });

  it('never reach closed ranges and this machine, whatever the mode, unless they are granted and allowed', async () => {
    const sandbox = await create({ mode: 'open', allow: ['10.0.0.0/8', 'inner.test'] });
    const closed = ['10.9.8.7', '169.254.169.254', '192.168.1.1', '100.64.0.1', 'fd00::1', '64:ff9b::a09:807'];
    if (ownAddress) closed.push(ownAddress, 'this-machine.test');
    for (const host of [...closed, 'inner.test', 'allowed.test', 'mixed.test']) {
      assert.equal(await reach(sandbox, host, port), 'ECONNRESET', host);
      assert.deepEqual((await last(sandbox)).slice(2), ['refused', 'closed_range'], host);
    }
    await update(sandbox, { mode: 'open', allow: [loopback] });
    assert.match(await reach(sandbox, 'mixed.test', port), /hello/);
    await update(sandbox, { mode: 'open', allow: [loopback], deny: ['*.test', 'allowed.test:81'] });
    assert.equal(await get(sandbox, `http://mixed.test:${port}/`), 'ENOTFOUND');
    assert.deepEqual(await last(sandbox), ['mixed.test', null, 'refused', 'denied']);
    await update(sandbox, { mode: 'open', allow: [loopback], deny: [`allowed.test:${port}`, '127.0.0.1:82'] });
    assert.equal(await reach(sandbox, 'allowed.test', port), 'ECONNRESET');
    assert.equal((await last(sandbox)).at(-1), 'denied');
    assert.equal(await reach(sandbox, 'mixed.test', 82), 'ECONNRESET');
    assert.match(await reach(sandbox, 'mixed.test', port), /hello/);
    assert.equal(await reach(sandbox, 'mixed.test', 1), 'ECONNRESET');
    assert.deepEqual(await last(sandbox), ['mixed.test', 1, 'failed', 'ECONNREFUSED']);
  });

  it('are told of all kinds of records, and of none for what is no question', async () => {
    const sandbox = await create({ mode: 'restricted', allow: ['0.0.0.0/0'] });
    const resolve = `const d = require('dns').promises; const all = async () => console.log(JSON.stringify([await d.resolveTxt('notes.allowed.test'), (await d.resolveMx('notes.allowed.test')).map((m) => [m.priority, m.exchange]), (await d.resolveSrv('notes.allowed.test')).map((s) => [s.name, s.port, s.priority, s.weight]), await d.resolve6('allowed.test').catch((e) => e.code), await d.resolve4('nobody.test').catch((e) => e.code), await d.reverse('8.8.8.8').catch((e) => e.code)])); all()`;
    assert.deepEqual(JSON.parse(await node(sandbox, resolve)), [
      [['a note']],
      [[5, 'mail.allowed.test']],
      [['api.allowed.test', 9, 1, 2]],
      'ENODATA',
      'ENOTFOUND',
      'ENOTFOUND',
    ]);
    const raw = (bytes: string, waitMs = 20_000) =>
      node(
        sandbox,
        `const s = require('dgram').createSocket('udp4'); s.on('message', (m) => (console.log(m[3] & 15), s.close())); setTimeout(() => (console.log('silence'), process.exit()), ${waitMs}).unref(); s.send(Buffer.from('${bytes}', 'hex'), 53, '198.18.0.1')`,
      );
    assert.equal(await raw('0001', 300), 'silence');
    assert.equal(await raw('000101000001000000000000ff'), '1', 'malformed');
    assert.equal(await raw('000100000000000000000000'), '1', 'no question');
    assert.equal(
      await raw('000110000001000000000000016103'.concat('746573740000010001')),
      '1',
      'another malformed one',
    );
    assert.equal(await raw('0001200000010000000000000161047465737400'.concat('00010001')), '4', 'a status');
  });

  it('may be changed while connections are open, which are cut then', async () => {
    await using slow = createTcpServer((socket) => socket.on('error', () => undefined).write('begin')).listen(
      0,
      '127.0.0.1',
    );
    await once(slow, 'listening');
    const sandbox = await create({ mode: 'restricted', allow: ['allowed.test', loopback] });
    const started = await live.call<{ id: number }>('processes.start', {
      sandbox,
      argv: [
        'node',
        '-e',
        `const s = require('net').connect(${portOf(slow)}, 'allowed.test'); s.on('data', (d) => console.log('' + d)).on('error', (e) => console.log(e.code)).on('end', () => console.log('end'))`,
      ],
    });
    while ((await seen(sandbox)).connections === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await update(sandbox, { mode: 'restricted', allow: ['*', loopback] })).connections, 1);
    await update(sandbox, { mode: 'none' });
    await live.call('processes.wait', { sandbox, process: started.id });
    while ((await seen(sandbox)).connections > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(await get(sandbox, `http://allowed.test:${port}/`), 'ENOTFOUND');
    assert.equal(await reach(sandbox, '8.8.8.8', 53_000), 'ECONNRESET');
    assert.equal((await last(sandbox)).at(-1), 'mode');
  });

  it('may be changed while a connection is on its way, which does not come about then', async () => {
    const sandbox = await create({ mode: 'restricted', allow: ['slow.test', loopback] });
    const address = await node(sandbox, `require('dns').promises.resolve4('slow.test').then(([a]) => console.log(a))`);
    const asked = names.asked.length;
    const ended = reach(sandbox, address, port);
    while (names.asked.length === asked) await new Promise((resolve) => setTimeout(resolve, 5));
    await update(sandbox, { mode: 'none' });
    assert.equal(await ended, 'ECONNRESET');
    assert.deepEqual(await last(sandbox), ['slow.test', port, 'refused', 'mode']);
  });

  it('are bounded', async () => {
    await using slow = createTcpServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(slow, 'listening');
    const sandbox = await create({ mode: 'restricted', allow: ['allowed.test', '*.allowed.test', loopback] });
    const many = `let reset = 0; for (let i = 0; i < 12; i++) require('net').connect(${portOf(slow)}, 'allowed.test').on('error', () => ++reset === 4 && (console.log('four'), process.exit()))`;
    assert.equal(await node(sandbox, many), 'four');
    // More names than addresses for them: those asked for last are known.
    const all = `const d = require('dns').promises; (async () => { for (let i = 0; i < 60; i++) await d.resolve4(i % 2 ? 'allowed.test' : 'api.allowed.test'); console.log('asked') })()`;
    assert.equal(await node(sandbox, all), 'asked');
    assert.equal((await seen(sandbox)).decisions.length, 50);
  });

  it('stay as they are over pause and restart of the plugin, and addresses stay those of their names', async () => {
    const sandbox = await create({ mode: 'restricted', allow: ['nothing.test'] });
    await update(sandbox, { mode: 'restricted', allow: ['allowed.test', loopback] });
    const address = await node(
      sandbox,
      `require('dns').promises.resolve4('allowed.test').then(([a]) => console.log(a))`,
    );
    assert.match(address, /^198\.19\./);
    await pause(sandbox);
    assert.equal(await get(sandbox, `http://${address}:${port}/`), `hello ${address}:${port}`);
    await live.host.call('plugins.reload', { id: 'live-networks' });
    assert.equal(await get(sandbox, `http://${address}:${port}/`), `hello ${address}:${port}`);
    assert.equal(await get(sandbox, `http://other.test:${port}/`), 'ENOTFOUND');
    assert.deepEqual((await seen(sandbox)).network, { mode: 'restricted', allow: ['allowed.test', loopback] });
  });

  it('join sandboxes of one tenant under names', async () => {
    const server = await create({ mode: 'none', private: 'team', name: 'Server' });
    const client = await create({ mode: 'none', private: 'team' });
    const stranger = await create({ mode: 'open', private: 'others', name: 'server2' });
    await live.call('processes.start', {
      sandbox: server,
      argv: [
        'node',
        '-e',
        `require('http').createServer((q, s) => s.end('from ' + q.headers.host)).listen(80, '0.0.0.0')`,
      ],
    });
    while ((await live.call<{ ports: unknown[] }>('ports.list', { sandbox: server })).ports.length === 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await seen(server)).name, 'server.sandbox');
    assert.equal((await seen(client)).name, `${client}.sandbox`);
    assert.equal(await get(client, 'http://server.sandbox/'), 'from server.sandbox');
    assert.equal(await reach(client, 'server.sandbox', 81), 'ECONNRESET');
    assert.deepEqual(await last(client), ['server.sandbox', 81, 'failed', 'ECONNREFUSED']);
    assert.equal(await get(client, 'http://server2.sandbox/'), 'ENOTFOUND');
    assert.equal(await get(stranger, 'http://server.sandbox/'), 'ENOTFOUND');
    // A paused one wakes.
    await pause(server);
    assert.equal(await get(client, 'http://server.sandbox/'), 'from server.sandbox');

    const taken = { mode: 'none', private: 'team', name: 'server' } as const;
    await assert.rejects(create(taken), { code: 'conflict' });
    await assert.rejects(update(client, taken), { code: 'conflict' });
    const elsewhere = await live.call<{ id: string }>(
      'sandboxes.create',
      { languages: ['javascript'], network: taken },
      otherTenant,
    );
    const asked = await live.call<{ stdout: string }>(
      'processes.run',
      {
        sandbox: elsewhere.id,
        argv: ['node', '-e', `require('dns').promises.lookup('${client}.sandbox').catch((e) => console.log(e.code))`],
      },
      otherTenant,
    );
    assert.equal(asked.stdout.trim(), 'ENOTFOUND');
    await live.call('sandboxes.delete', { id: elsewhere.id }, otherTenant);

    // Who leaves the network is not found in it any more, nor reached by those that knew its address.
    const address = await node(
      client,
      `require('dns').promises.resolve4('server.sandbox').then(([a]) => console.log(a))`,
    );
    await update(server, { mode: 'none' });
    assert.equal(await get(client, 'http://server.sandbox/'), 'ENOTFOUND');
    assert.equal(await reach(client, address, 80), 'ECONNRESET');
    assert.deepEqual(await last(client), ['server.sandbox', 80, 'refused', 'unknown_name']);
    await live.call('sandboxes.delete', { id: server });
    await create(taken);
  });

  it('are refused where they are not possible', async () => {
    const bad: readonly (readonly [NetworkPolicy, string])[] = [
      [{ mode: 'restricted', allow: ['a b'] }, 'invalid_params'],
      [{ mode: 'restricted', allow: ['10.0.0.0/33'] }, 'invalid_params'],
      [{ mode: 'restricted', allow: ['1.2.3'] }, 'invalid_params'],
      [{ mode: 'restricted', allow: ['a.test:0'] }, 'invalid_params'],
      [{ mode: 'restricted', allow: ['a.test:70000'] }, 'invalid_params'],
      [{ mode: 'restricted', deny: ['a.*.test'] }, 'invalid_params'],
      [{ mode: 'restricted', deny: ['[a.test]:80'] }, 'invalid_params'],
      [{ mode: 'none', name: 'alone' }, 'invalid_params'],
      [{ mode: 'none', private: 'team', name: 'a.b' }, 'invalid_params'],
    ];
    for (const [network, code] of bad) await assert.rejects(create(network), { code }, JSON.stringify(network));
    const without = await live.create({ languages: [] });
    await assert.rejects(seen(without), { code: 'unsupported' });
    await assert.rejects(update(without, { mode: 'open' }), { code: 'unsupported' });
    await assert.rejects(live.call('networks.get', { sandbox: made[0] }, otherTenant), { code: 'not_found' });
    await live.call('sandboxes.delete', { id: without });
    await assert.rejects(seen(without), { code: 'not_found' });
  });
});
