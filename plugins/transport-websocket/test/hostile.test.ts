import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { SuiteApi, suiteKey } from '@soulbox/plugin-sdk/conformance';
import { codeOf, Peer } from './support/peer.ts';
import { openSocket, upgradeRequest } from './support/raw.ts';
import { serve } from './support/serve.ts';

/** A masked frame, with zeros as mask so that the payload stays readable here. */
function frame(firstByte: number, payload: Buffer): Buffer {
  const { length } = payload;
  const extended = length < 126 ? Buffer.alloc(0) : length < 65_536 ? Buffer.alloc(2) : Buffer.alloc(8);
  if (extended.length === 2) extended.writeUInt16BE(length);
  if (extended.length === 8) extended.writeBigUInt64BE(BigInt(length));
  const short = length < 126 ? length : extended.length === 2 ? 126 : 127;
  return Buffer.concat([Buffer.from([firstByte, 0x80 | short]), extended, Buffer.alloc(4), payload]);
}

/** Upgrades by hand, sends bytes, and returns the code of the close frame that the host answers with. */
async function closeCodeAfter(port: number, bytes: Buffer): Promise<number> {
  const socket = await openSocket(port);
  try {
    socket.write(upgradeRequest(port, { Authorization: `Bearer ${suiteKey}` }));
    await once(socket, 'data');
    socket.write(bytes);
    let answer = Buffer.alloc(0);
    for await (const chunk of socket) {
      answer = Buffer.concat([answer, chunk as Buffer]);
      if (answer[0] === 0x88 && answer.length >= 4) return answer.readUInt16BE(2);
    }
    return 1006;
  } finally {
    socket.destroy();
  }
}

test('messages that cost more than their size says are refused before they are parsed', async () => {
  const api = new SuiteApi();
  await using host = await serve(api);
  await using peer = await Peer.open(host.url);
  const call = '{"jsonrpc":"2.0","id":1,"method":"suite.echo","params":{"value":1}}';
  const table: [string, string][] = [
    ['50,000 calls', `[${Array.from({ length: 50_000 }, () => call).join()}]`],
    ['100,000 arrays in each other', '['.repeat(100_000)],
    ['as many, closed', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['100,000 objects in each other', '{"a":'.repeat(100_000)],
    ['33 levels in a call', call.replace(':1}}', `:${'['.repeat(31)}${']'.repeat(31)}}}`)],
    ['a million numbers', `[${'0,'.repeat(1_000_000)}0]`],
    ['a million empty objects', `[${'{},'.repeat(1_000_000)}{}]`],
    ['100,000 members', `{${Array.from({ length: 100_000 }, (_, n) => `"k${n}":1`).join()}}`],
  ];
  for (const [what, text] of table) {
    peer.sendText(text);
    const answer = await peer.next();
    assert.deepEqual([answer.error?.code, answer.id], [-32600, null], what);
  }
  assert.deepEqual(api.called, []);
  const deepest = `${'['.repeat(30)}${']'.repeat(30)}`;
  peer.sendText(call.replace(':1}}', `:${deepest}}}`));
  assert.equal(codeOf(await peer.next()), undefined);
});

test('brackets and quotes inside of strings count for nothing', async () => {
  await using host = await serve(new SuiteApi());
  await using peer = await Peer.open(host.url);
  for (const value of ['['.repeat(200_000), '{"'.repeat(100_000), '\\"['.repeat(50_000), ','.repeat(100_000), '\\'])
    assert.equal(((await peer.call('suite.echo', { value })).result as { value: string }).value, value);
});

test('a message over the limit closes the connection, one at the limit does not', async () => {
  await using host = await serve(new SuiteApi());
  await using big = await Peer.open(host.url);
  big.sendText(`"${'x'.repeat(20 * 1024 * 1024)}"`);
  assert.equal((await big.closed).code, 1009);
  await using exact = await Peer.open(host.url);
  const limit = 4 * 1024 * 1024;
  exact.sendText(`"${'x'.repeat(limit - 2)}"`);
  assert.equal(codeOf(await exact.next()), 'invalid_request');
  await using pieces = await Peer.open(host.url);
  for (let sent = 0; sent <= limit; sent += 512 * 1024)
    pieces.socket.send('x'.repeat(512 * 1024), { fin: false, binary: false });
  assert.equal((await pieces.closed).code, 1009);
});

test('what is not UTF-8 or not text closes the connection with the code for it', async () => {
  await using host = await serve(new SuiteApi());
  for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x22, 0xe2, 0x82]])
    assert.equal(await closeCodeAfter(host.port, frame(0x81, Buffer.from(bytes))), 1007, bytes.join());
  await using binary = await Peer.open(host.url);
  binary.socket.send(Buffer.from('{}'), { binary: true });
  assert.equal((await binary.closed).code, 1003);
});

test('frames that break the protocol end the connection and nothing else', async () => {
  await using host = await serve(new SuiteApi());
  await using witness = await Peer.open(host.url);
  const text = Buffer.from('{}');
  const table: [string, Buffer, number][] = [
    ['not masked', Buffer.concat([Buffer.from([0x81, 2]), text]), 1002],
    ['a reserved bit', frame(0xc1, text), 1002],
    ['an unknown opcode', frame(0x83, text), 1002],
    ['a continuation of nothing', frame(0x80, text), 1002],
    ['a start within a message', Buffer.concat([frame(0x01, text), frame(0x81, text)]), 1002],
    ['a fragmented ping', frame(0x09, text), 1002],
    ['a long ping', frame(0x89, Buffer.alloc(126)), 1002],
    ['a close of one byte', frame(0x88, Buffer.alloc(1)), 1002],
    ['a reserved close code', frame(0x88, Buffer.from([0x03, 0xed])), 1002],
    ['a close reason that is not UTF-8', frame(0x88, Buffer.from([0x03, 0xe8, 0xff])), 1007],
    ['a length of 2^63', Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), 1009],
    ['a length of 2^40', Buffer.from([0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0]), 1009],
    ['thousands of fragments', Buffer.concat(Array.from({ length: 2000 }, (_, n) => frame(n ? 0 : 1, text))), 1008],
  ];
  for (const [what, bytes, code] of table) assert.equal(await closeCodeAfter(host.port, bytes), code, what);
  assert.equal(codeOf(await witness.call('suite.echo', { value: 1 })), undefined);
});

test('pings in any number are answered or the peer is dropped, and others are served', async () => {
  await using host = await serve(new SuiteApi());
  await using witness = await Peer.open(host.url);
  await using flood = await Peer.open(host.url);
  flood.socket.pause();
  for (let i = 0; i < 20_000; i++) flood.socket.ping('x'.repeat(125));
  for (let i = 0; i < 20; i++) assert.equal(codeOf(await witness.call('suite.echo', { value: i })), undefined);
  assert.ok(host.transport.stats().bufferedBytes < 1024 * 1024);
});

test('messages in flight are bounded by their bytes as well', async () => {
  const api = new SuiteApi();
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  api.call = () => gate;
  await using host = await serve(api, { maxPayloadBytes: 100_000 });
  await using peer = await Peer.open(host.url);
  const params = { value: 'x'.repeat(90_000) };
  for (let id = 1; id <= 5; id++) peer.send({ jsonrpc: '2.0', id, method: 'suite.echo', params });
  const refused = await peer.next();
  assert.deepEqual([refused.id, codeOf(refused)], [5, 'overloaded']);
  release();
  for (let n = 0; n < 4; n++) assert.equal(codeOf(await peer.next()), undefined);
  assert.equal(codeOf(await peer.call('suite.echo', params)), undefined);
});
