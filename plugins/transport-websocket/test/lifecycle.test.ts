import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { SuiteApi, suiteKey } from '@soulbox/plugin-sdk/conformance';
import { WebSocketConfigSchema, WebSocketTransport } from '../src/index.ts';
import { codeOf, Peer } from './support/peer.ts';
import { exchange, openSocket, readToEnd, statusOf, upgradeRequest } from './support/raw.ts';
import { recordingLog, serve, type Served } from './support/serve.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const Authorization = `Bearer ${suiteKey}`;

async function empty(host: Served): Promise<void> {
  while (host.transport.stats().connections > 0) await pause(5);
}

test('a peer that no longer answers is dropped, one that answers stays', async () => {
  await using host = await serve(new SuiteApi(), { pingMs: 50, pongMs: 500 });
  await using alive = await Peer.open(host.url);
  const socket = await openSocket(host.port);
  socket.write(upgradeRequest(host.port, { Authorization }));
  await once(socket, 'data');
  assert.equal(host.transport.stats().connections, 2);
  await readToEnd(socket);
  assert.equal(codeOf(await alive.call('suite.echo', { value: 1 })), undefined);
  assert.equal(host.transport.stats().connections, 1);
});

test('a peer that reads nothing but shows that it lives stays', async () => {
  const api = new SuiteApi();
  await using host = await serve(api, { pingMs: 50, pongMs: 500 });
  await using peer = await Peer.open(host.url);
  peer.socket.pause();
  const pings = setInterval(() => peer.socket.ping(), 50);
  await pause(1000);
  clearInterval(pings);
  peer.socket.resume();
  assert.equal(codeOf(await peer.call('suite.echo', { value: 1 })), undefined);
});

test('a peer that does not read is judged by what it takes, not by its pongs', async () => {
  const api = new SuiteApi();
  await using host = await serve(api, { pingMs: 50, pongMs: 500, highWaterBytes: 64 * 1024 });
  await using peer = await Peer.open(host.url);
  peer.socket.pause();
  peer.send({ jsonrpc: '2.0', id: 1, method: 'suite.count', params: { to: 2000, padding: 16 * 1024 } });
  await pause(1200);
  peer.socket.resume();
  for (let n = 1; n <= 2000; n++) assert.equal((await peer.next()).params?.['n'], n);
});

test('peers that vanish in the middle of anything leave nothing behind', async () => {
  const api = new SuiteApi();
  await using host = await serve(api);
  await using witness = await Peer.open(host.url);
  const call = (method: string, params: object) => ({ jsonrpc: '2.0', id: 1, method, params });
  const messages = [
    call('suite.wait', {}),
    call('suite.waitStreaming', {}),
    call('suite.count', { to: 100_000, padding: 1000 }),
    Array.from({ length: 50 }, (_, id) => ({ ...call('suite.echo', { value: id }), id })),
  ];
  for (const message of messages) {
    for (const leave of ['resetAndDestroy', 'destroy', 'end'] as const) {
      const socket = await openSocket(host.port);
      socket.write(upgradeRequest(host.port, { Authorization }));
      await once(socket, 'data');
      const payload = Buffer.from(JSON.stringify(message));
      const length = Buffer.from([0xfe, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0]);
      socket.write(Buffer.concat([Buffer.from([0x81]), length, payload]));
      await pause(10);
      socket[leave]();
    }
  }
  for (const bytes of ['', 'GET', upgradeRequest(host.port, { Authorization }), upgradeRequest(host.port)]) {
    const socket = await openSocket(host.port);
    socket.write(bytes);
    socket.resetAndDestroy();
  }
  while (host.transport.stats().connections > 1) await pause(5);
  assert.deepEqual(api.aborted, [], 'a lost connection aborts nothing');
  api.release();
  assert.equal(codeOf(await witness.call('suite.echo', { value: 1 })), undefined);
});

test('while it drains, those that connect hear it, and those that are idle are sent away', async () => {
  const api = new SuiteApi();
  await using host = await serve(api);
  await using busy = await Peer.open(host.url);
  await using idle = await Peer.open(host.url);
  busy.send({ jsonrpc: '2.0', id: 1, method: 'suite.wait' });
  await api.calls(1);
  const closed = host.transport.close({ deadlineMs: 60_000 });
  assert.equal((await idle.closed).code, 1001);
  const health = await exchange(host.port, `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${host.port}\r\n\r\n`);
  assert.match(health, /^HTTP\/1\.1 503 [^]*"code":"draining"/);
  assert.equal(await statusOf(host.port, upgradeRequest(host.port, { Authorization })), 503);
  assert.equal(codeOf(await busy.call('suite.echo', { value: 1 }, 2)), 'draining');
  busy.send([{ jsonrpc: '2.0', id: 3, method: 'suite.echo' }]);
  assert.deepEqual(((await busy.next()) as unknown as { error: { code: number } }[])[0]?.error.code, -32031);
  api.release();
  assert.deepEqual(await busy.next(), { jsonrpc: '2.0', id: 1, result: 'released' });
  assert.equal((await busy.closed).code, 1001);
  await closed;
});

test('cancelling works while it drains', async () => {
  const api = new SuiteApi();
  await using host = await serve(api);
  await using peer = await Peer.open(host.url);
  peer.send({ jsonrpc: '2.0', id: 1, method: 'suite.wait' });
  await api.calls(1);
  const closed = host.transport.close({ deadlineMs: 60_000 });
  peer.send({ jsonrpc: '2.0', method: '$/cancel', params: { id: 1 } });
  assert.equal(codeOf(await peer.next()), 'cancelled');
  await closed;
});

test('peers that do not leave are cut off when the time is up', async () => {
  const api = new SuiteApi();
  await using host = await serve(api);
  const deaf = await openSocket(host.port);
  deaf.write(upgradeRequest(host.port, { Authorization }));
  await once(deaf, 'data');
  const half = await openSocket(host.port);
  half.write('GET / HTTP/1.1\r\n');
  await using peer = await Peer.open(host.url);
  peer.send({ jsonrpc: '2.0', id: 1, method: 'suite.wait' });
  await api.calls(1);
  await host.transport.close({ deadlineMs: 50 });
  assert.equal((await peer.closed).code, 1001);
  await Promise.all([readToEnd(deaf), readToEnd(half)]);
  await empty(host);
});

test('a peer that is dropped in a call counts as answered when the host drains', async () => {
  const api = new SuiteApi();
  await using host = await serve(api);
  const peer = await Peer.open(host.url);
  peer.send({ jsonrpc: '2.0', id: 1, method: 'suite.wait' });
  await api.calls(1);
  const closed = host.transport.close({ deadlineMs: 60_000 });
  await peer[Symbol.asyncDispose]();
  await closed;
});

test('an address that cannot be had is refused by what is wrong with it', async () => {
  for (const host of ['192.0.2.1', 'no-such-host.invalid']) {
    const config = WebSocketConfigSchema.parse({ host, port: 0, public: true });
    const transport = new WebSocketTransport(new SuiteApi(), config, recordingLog().log);
    await assert.rejects(transport.listen(), { code: 'config_invalid', message: new RegExp(host) });
    await transport.close({ deadlineMs: 0 });
  }
});

test('it listens on IPv6 where there is one', async (t) => {
  const config = WebSocketConfigSchema.parse({ host: '::1', port: 0 });
  const transport = new WebSocketTransport(new SuiteApi(), config, recordingLog().log);
  let url: string;
  try {
    url = (await transport.listen()).url;
  } catch {
    return t.skip('this machine has no IPv6 loopback');
  }
  try {
    assert.match(url, /^ws:\/\/\[::1\]:\d+\/rpc$/);
    await using peer = await Peer.open(url);
    assert.equal(codeOf(await peer.call('suite.echo', { value: 1 })), undefined);
  } finally {
    await transport.close({ deadlineMs: 0 });
  }
});
