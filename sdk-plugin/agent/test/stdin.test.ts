import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { u32 } from '../src/fields.ts';
import { frameType } from '../src/protocol.ts';
import { collect, connected, specOf, type Peer } from './support/peer.ts';

const signal = new AbortController().signal;

async function* pieces(...all: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of all) yield Buffer.from(piece);
}

const sent = (peer: Peer): string[] =>
  peer.frames.filter(({ type }) => type === frameType.stdin).map(({ payload }) => payload.toString());

function finish(peer: Peer): void {
  peer.stageStart(1);
  peer.stageEnd(1);
  peer.end(1);
}

describe('standard input', () => {
  it('waits for credit and ends after its last byte', async (test) => {
    const { connection, peer } = await connected(test);
    const running = collect(connection.run(specOf(), { signal, stdin: pieces('hello', '', 'world') }));
    await peer.received(frameType.start);
    assert.deepEqual(sent(peer), []);
    peer.send(frameType.stdinCredit, 1, u32(3));
    await peer.received(frameType.stdin, 1);
    peer.send(frameType.stdinCredit, 1, u32(100));
    await peer.received(frameType.stdinEof);
    assert.deepEqual(sent(peer), ['hel', 'lo', 'world']);
    finish(peer);
    assert.equal((await running).outcome.verdict, 'ok');
  });

  it('that is absent ends at once', async (test) => {
    const { connection, peer } = await connected(test);
    const running = collect(connection.run(specOf(), { signal }));
    await peer.received(frameType.stdinEof);
    finish(peer);
    assert.equal((await running).outcome.verdict, 'ok');
  });

  it('is not touched when no stage takes it', async (test) => {
    const { connection, peer } = await connected(test);
    const stages = [{ name: 'run', argv: ['/bin/true'], env: {}, stdin: false }];
    let read = false;
    const stdin = { [Symbol.asyncIterator]: () => ((read = true), pieces()) };
    const running = collect(connection.run(specOf({ stages }), { signal, stdin }));
    await peer.received(frameType.start);
    finish(peer);
    await running;
    assert.equal(read, false);
    assert.ok(!peer.frames.some(({ type }) => type === frameType.stdinEof));
  });

  it('that fails ends the run and is what its consumer gets', async (test) => {
    const { connection, peer } = await connected(test);
    const stdin = (async function* () {
      yield Buffer.from('x');
      throw new Error('/secret/path');
    })();
    const running = collect(connection.run(specOf(), { signal, stdin }));
    await peer.received(frameType.start);
    peer.send(frameType.stdinCredit, 1, u32(100));
    await peer.received(frameType.kill);
    peer.end(1);
    await assert.rejects(running, { code: 'internal', message: 'an internal error occurred' });
  });

  for (const [name, returns] of [
    ['takes its end calmly', () => Promise.resolve({ done: true as const, value: undefined })],
    ['throws at its end', () => Promise.reject(new Error('no'))],
    ['cannot be told', undefined],
  ] as const)
    it(`that never comes and ${name} does not hold the run`, async (test) => {
      const { connection, peer } = await connected(test);
      const iterator: AsyncIterator<Uint8Array> = { next: () => new Promise(() => undefined) };
      if (returns) iterator.return = returns;
      const stdin = { [Symbol.asyncIterator]: () => iterator };
      const running = collect(connection.run(specOf(), { signal, stdin }));
      await peer.received(frameType.start);
      finish(peer);
      assert.equal((await running).outcome.verdict, 'ok');
    });

  it('stops when the run ends while it waits for credit', async (test) => {
    const { connection, peer } = await connected(test);
    const stdin = pieces('abc');
    const running = collect(connection.run(specOf(), { signal, stdin }));
    await peer.received(frameType.start);
    finish(peer);
    assert.equal((await running).outcome.verdict, 'ok');
    assert.equal((await stdin.next()).done, true);
    assert.deepEqual(sent(peer), []);
  });
});
