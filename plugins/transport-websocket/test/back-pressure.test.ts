import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SuiteApi } from '@soulbox/plugin-sdk/conformance';
import { codeOf, Peer } from './support/peer.ts';
import { serve, type Served } from './support/serve.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the producer gets no further. */
async function settled(api: SuiteApi): Promise<void> {
  for (let before = -1; before !== api.produced; await pause(100)) before = api.produced;
}

/** A peer that asks for much and reads nothing of it. */
async function pausedReader(host: Served, params: object): Promise<Peer> {
  const peer = await Peer.open(host.url);
  peer.socket.pause();
  peer.send({ jsonrpc: '2.0', id: 1, method: 'suite.count', params });
  return peer;
}

test('fifty readers that do not read cost a bounded number of bytes, and others flow', async () => {
  const api = new SuiteApi();
  const highWaterBytes = 256 * 1024;
  const padding = 32 * 1024;
  await using host = await serve(api, { highWaterBytes });
  await using witness = await Peer.open(host.url);
  const readers: Peer[] = [];
  try {
    for (let n = 0; n < 50; n++) readers.push(await pausedReader(host, { to: 100_000, padding }));
    await settled(api);
    const { bufferedBytes, connections } = host.transport.stats();
    assert.equal(connections, 51);
    assert.ok(bufferedBytes > 0, 'nothing waits, so nothing was tested');
    assert.ok(bufferedBytes <= 50 * (highWaterBytes + 2 * padding), `${bufferedBytes} bytes wait`);
    assert.equal(codeOf(await witness.call('suite.echo', { value: 1 })), undefined);
    witness.send({ jsonrpc: '2.0', id: 1, method: 'suite.count', params: { to: 3 } });
    for (let n = 1; n <= 3; n++) assert.equal((await witness.next()).params?.['n'], n);
    assert.deepEqual((await witness.next()).result, { to: 3 });
  } finally {
    await Promise.all(readers.map((reader) => reader[Symbol.asyncDispose]()));
  }
  while (host.transport.stats().connections > 1) await pause(5);
  const { produced } = api;
  await settled(api);
  assert.ok(api.produced - produced <= 50, 'streams are pulled for peers that are gone');
});

test('several streams of one peer share its bound', async () => {
  const api = new SuiteApi();
  const highWaterBytes = 64 * 1024;
  await using host = await serve(api, { highWaterBytes });
  await using peer = await Peer.open(host.url);
  peer.socket.pause();
  for (let id = 0; id < 20; id++)
    peer.send({ jsonrpc: '2.0', id, method: 'suite.count', params: { to: 10_000, padding: 16 * 1024 } });
  await settled(api);
  assert.ok(host.transport.stats().bufferedBytes <= highWaterBytes + 21 * 17 * 1024);
});

test('a reader that pauses gets everything in order once it goes on', async () => {
  const api = new SuiteApi();
  await using host = await serve(api, { highWaterBytes: 64 * 1024 });
  await using peer = await pausedReader(host, { to: 2000, padding: 16 * 1024 });
  await settled(api);
  assert.ok(api.produced < 2000);
  peer.socket.resume();
  for (let n = 1; n <= 2000; n++) assert.equal((await peer.next()).params?.['n'], n);
  assert.deepEqual((await peer.next()).result, { to: 2000 });
});

test('a reader that stays paused is dropped, and told so', async () => {
  const api = new SuiteApi();
  await using host = await serve(api, { highWaterBytes: 64 * 1024, stalledMs: 100 });
  await using peer = await pausedReader(host, { to: 100_000, padding: 16 * 1024 });
  await settled(api);
  await pause(200);
  peer.socket.resume();
  assert.equal((await peer.closed).code, 1013);
  while (host.transport.stats().connections > 0) await pause(5);
  assert.deepEqual(host.transport.stats(), { connections: 0, bufferedBytes: 0 });
});

test('a reader that is slow but reads is not dropped', async () => {
  const api = new SuiteApi();
  await using host = await serve(api, { highWaterBytes: 64 * 1024, stalledMs: 1000 });
  await using peer = await pausedReader(host, { to: 3000, padding: 16 * 1024 });
  for (let turn = 0; turn < 5; turn++) {
    await pause(300);
    peer.socket.resume();
    for (let n = 0; n < 200; n++) await peer.next();
    peer.socket.pause();
  }
  peer.socket.resume();
  let last = await peer.next();
  while (last.method === 'suite.event') last = await peer.next();
  assert.deepEqual(last.result, { to: 3000 });
});

test('a stalled peer can still cancel', async () => {
  const api = new SuiteApi();
  const ended: string[] = [];
  const original = api.stream.bind(api);
  api.stream = async function* (operation, params, options) {
    options.signal.addEventListener('abort', () => ended.push(operation));
    yield* original(operation, params, options);
  };
  await using host = await serve(api, { highWaterBytes: 64 * 1024 });
  await using peer = await pausedReader(host, { to: 10_000, padding: 16 * 1024 });
  await settled(api);
  peer.send({ jsonrpc: '2.0', method: '$/cancel', params: { id: 1 } });
  while (ended.length === 0) await pause(5);
  assert.deepEqual(ended, ['suite.count']);
});

test('a peer that provokes errors and does not read them is dropped', async () => {
  await using host = await serve(new SuiteApi());
  await using peer = await Peer.open(host.url);
  peer.socket.pause();
  let closed = false;
  void peer.closed.then(() => (closed = true));
  for (let n = 0; n < 400_000 && host.transport.stats().connections > 0; n++) {
    peer.sendText('[]');
    if (n % 1000 === 0) await pause(0);
  }
  peer.socket.resume();
  assert.equal((await peer.closed).code, 1013);
  assert.ok(closed);
});
