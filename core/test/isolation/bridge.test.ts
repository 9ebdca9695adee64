import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { SkipSignal } from '../../src/plugins/skip-signal.ts';
import { bridgePair, settle } from '../support/bridges.ts';
import { failure } from '../support/expect.ts';

type Fn = (...args: unknown[]) => Promise<unknown>;
const count = async function* (to: number) {
  for (let n = 1; n <= to; n += 1) yield n;
};
async function collect(stream: unknown): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of stream as AsyncIterable<unknown>) items.push(item);
  return items;
}

describe('values that cross a bridge', () => {
  it('plain data, bytes and dates arrive as they were', async () => {
    const { near } = bridgePair({ same: (value: unknown) => value });
    const nothing = Object.assign(Object.create(null) as object, { a: [1, null] });
    for (const value of [
      undefined,
      null,
      0,
      'x',
      true,
      { a: { b: [1, { c: undefined }] } },
      new Uint8Array([1, 2]),
      new Date(0),
    ])
      assert.deepEqual(await near.root('same', [value]), value);
    assert.deepEqual(await near.root('same', [nothing]), { a: [1, null] });
  });

  it('the same data is not copied where nothing in it must be replaced', async () => {
    const sent = { a: [1] };
    const { near } = bridgePair({ twice: (a: unknown, b: unknown) => [a, b] });
    const [first, second] = (await near.root('twice', [sent, sent])) as unknown[];
    assert.deepEqual([first, second], [sent, sent]);
    assert.deepEqual(sent, { a: [1] });
  });

  it('a client cannot forge a reference', async () => {
    const { near } = bridgePair({ look: (value: { $bridge: unknown }) => typeof value.$bridge });
    assert.equal(await near.root('look', [{ $bridge: 'function', ref: 1 }]), 'string');
    assert.equal(await near.root('look', [{ $bridge: () => 1 }]), 'function');
  });

  it('functions, objects with methods and instances can be called, with their own this', async () => {
    class Counter {
      private n = 0;
      readonly label = 'hidden';
      async add(by: number) {
        this.n += by;
        return this.n;
      }
    }
    class Louder extends Counter {
      override add(by: number) {
        return super.add(by * 10);
      }
    }
    const plain = {
      n: 5,
      look: function (this: { n: number }) {
        return this.n;
      },
    };
    const { near } = bridgePair({ make: () => ({ counter: new Louder(), plain, list: [(x: number) => x + 1] }) });
    const made = (await near.root('make', [])) as { counter: Record<string, Fn>; plain: { look: Fn }; list: Fn[] };
    assert.deepEqual(Object.keys(made.counter), ['add']);
    assert.equal(await made.counter['add']!(1), 10);
    assert.equal(await made.counter['add']!(1), 20);
    assert.equal(await made.plain.look(), 5);
    assert.equal(await made.list[0]!(1), 2);
  });

  it('errors arrive as what they were: with a code, as a skip, or foreign', async () => {
    const thrown: readonly unknown[] = [
      new SoulboxError('conflict', 'twice', { details: { id: 1 } }),
      new SkipSignal('not here'),
      Object.assign(new RangeError('too far'), { stack: 'RangeError: too far\n    at there' }),
      'a word',
    ];
    const { near } = bridgePair({
      fail: (n: number) => {
        throw thrown[n];
      },
      pass: (error: Error) => [error instanceof Error, error.message],
    });
    await assert.rejects(near.root('fail', [0]), failure('conflict', /twice/));
    await assert.rejects(
      near.root('fail', [1]),
      (error) => error instanceof SkipSignal && error.message === 'not here',
    );
    await assert.rejects(near.root('fail', [2]), { name: 'RangeError', message: 'too far', stack: /at there/ });
    await assert.rejects(near.root('fail', [3]), { name: 'Error', message: 'a word' });
    assert.deepEqual(await near.root('pass', [new TypeError('as a value')]), [true, 'as a value']);
    await assert.rejects(near.root('missing', []), failure('unknown_operation'));
  });

  it('a logger is that of the other side, with its bindings', async () => {
    const { near, entries } = bridgePair({ log: (log: pino.Logger) => log.info('said') });
    await near.root('log', [pino({ level: 'silent' }).child({ requestId: 'r1' })]);
    assert.equal(entries[0]?.['requestId'], 'r1');
    assert.equal(entries[0]?.['msg'], 'said');
  });

  it('what nests without end is refused', async () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const { near } = bridgePair({ same: (value: unknown) => value });
    await assert.rejects(near.root('same', [circle]), failure('invalid_params', /100 deep/));
  });

  it('a live map follows its original before each call', async () => {
    const original = new Map<string, Fn>([['a', async () => 'first']]);
    let copy: ReadonlyMap<string, Fn> = new Map();
    const { near } = bridgePair({
      keep: (map: ReadonlyMap<string, Fn>) => {
        copy = map;
      },
      call: async (name: string) => [...copy.keys(), await copy.get(name)?.()],
    });
    await near.root('keep', [original]);
    assert.deepEqual(await near.root('call', ['a']), ['a', 'first']);
    original.set('a', async () => 'second');
    original.set('b', async () => 'other');
    assert.deepEqual(await near.root('call', ['a']), ['a', 'b', 'second']);
    original.delete('a');
    assert.deepEqual(await near.root('call', ['b']), ['b', 'other']);
  });
});

describe('streams over a bridge', () => {
  it('give their items in order, and the consumer sets the pace', async () => {
    let made = 0;
    const source = async function* () {
      for (;;) yield (made += 1);
    };
    const { near } = bridgePair({ open: () => source() });
    const stream = (await near.root('open', [])) as AsyncIterable<number>;
    const got: number[] = [];
    for await (const n of stream) {
      got.push(n);
      await settle();
      assert.equal(made, n, 'nothing is made before it is asked for');
      if (n === 3) break;
    }
    assert.deepEqual(got, [1, 2, 3]);
  });

  it('a method that answers with a stream at once can be iterated at once, or awaited', async () => {
    const { near } = bridgePair({ make: () => ({ count }) });
    const { count: remote } = (await near.root('make', [])) as { count: (to: number) => AsyncIterable<number> };
    assert.deepEqual(await collect(remote(3)), [1, 2, 3]);
    assert.deepEqual(await collect(await (remote(2) as unknown as Promise<unknown>)), [1, 2]);
  });

  it('one that is left early is ended at its source, and its own errors arrive', async () => {
    const ends: string[] = [];
    const source = async function* () {
      try {
        yield 1;
        yield 2;
        throw new SoulboxError('conflict', 'in the middle');
      } finally {
        ends.push('ended');
      }
    };
    const { near, far } = bridgePair({ open: source });
    for await (const _ of (await near.root('open', [])) as AsyncIterable<number>) break;
    assert.deepEqual(ends, ['ended']);
    const failing = (await near.root('open', [])) as AsyncIterableIterator<number>;
    await failing.next();
    await failing.next();
    await assert.rejects(failing.next(), failure('conflict'));
    assert.deepEqual(await failing.next(), { done: true, value: undefined });
    assert.deepEqual(await failing.return?.(), { done: true, value: undefined });
    assert.equal(far.size, 0);
  });

  it('one that is passed to a call can be read until the call ends, and is ended then', async () => {
    let ended = false;
    const source = async function* () {
      try {
        for (let n = 0; ; n += 1) yield n;
      } finally {
        ended = true;
      }
    };
    let kept: AsyncIterator<unknown> | undefined;
    const take = async (stream: AsyncIterable<unknown>) => {
      kept = stream[Symbol.asyncIterator]();
      return (await kept.next()).value;
    };
    const { near } = bridgePair({ make: () => ({ take }) });
    const { take: remote } = (await near.root('make', [])) as { take: Fn };
    assert.equal(await remote(source()), 0);
    await settle();
    assert.equal(ended, true);
    await assert.rejects(kept!.next(), failure('plugin_failed', /until the call ends/));
  });
});

describe('calls over a bridge', () => {
  it('an abort arrives, before the call and during it', async () => {
    const wait = (signal: AbortSignal) =>
      signal.aborted ? 'at once' : new Promise((resolve) => signal.addEventListener('abort', () => resolve('later')));
    const { near, far } = bridgePair({ make: () => ({ wait }) });
    const { wait: remote } = (await near.root('make', [])) as { wait: Fn };
    assert.equal(await remote(AbortSignal.abort()), 'at once');
    const abort = new AbortController();
    const waiting = remote(abort.signal);
    await settle();
    abort.abort();
    assert.equal(await waiting, 'later');
    assert.deepEqual([near.size, far.size], [0, 1], 'only the method itself is kept');
  });

  it('what a call passes is kept until the stream that it answers with is over', async () => {
    const run = async function* (signal: AbortSignal, emit: Fn) {
      for (let n = 0; !signal.aborted; n += 1) {
        await emit(n);
        yield n;
      }
    };
    const { near, far } = bridgePair({ make: () => ({ run }) });
    const remote = ((await near.root('make', [])) as { run: (...args: unknown[]) => AsyncIterable<number> }).run;
    const abort = new AbortController();
    const emitted: unknown[] = [];
    const got: number[] = [];
    for await (const n of remote(abort.signal, async (x: unknown) => void emitted.push(x))) {
      got.push(n);
      if (n === 2) abort.abort();
      await settle();
    }
    assert.deepEqual(got, [0, 1, 2]);
    assert.deepEqual(emitted, [0, 1, 2]);
    assert.deepEqual([near.size, far.size], [0, 1]);
  });

  it('has a deadline, which a patient stand-in has not', async () => {
    let answer: (value: unknown) => void = () => undefined;
    const { near } = bridgePair({ make: () => () => new Promise((resolve) => (answer = resolve)) }, { callMs: 20 });
    const slow = await near.root('make', []);
    await assert.rejects((slow as Fn)(), failure('plugin_timeout', /within 20 ms/));
    const patient = near.patient(slow)();
    await new Promise((resolve) => setTimeout(resolve, 60));
    answer('at last');
    assert.equal(await patient, 'at last');
    assert.throws(() => near.patient(() => 1), failure('plugin_failed', /a function was expected/));
  });

  it('ten thousand of them leave nothing behind', async () => {
    const { near, far } = bridgePair({ make: () => ({ call: async (fn: Fn) => fn(1) }) });
    const { call } = (await near.root('make', [])) as { call: Fn };
    const { signal } = new AbortController();
    for (let n = 0; n < 10_000; n += 1) await call((x: unknown) => x, signal);
    assert.deepEqual([near.size, far.size], [0, 1]);
  });

  it('what an answer held is let go of when nobody holds it any more', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const { near, far } = bridgePair({ make: () => [() => 1, () => 2] });
    const hold = async () => {
      const [first] = (await near.root('make', [])) as [Fn, Fn];
      assert.equal(await first(), 1);
    };
    await hold();
    for (let tries = 0; far.size > 0 && tries < 100; tries += 1) {
      collectGarbage();
      await settle();
    }
    assert.equal(far.size, 0);
  });

  it('end with the reason of the one who closes, and so does what is asked later', async () => {
    let stopped = false;
    const source = async function* () {
      try {
        for (;;) yield await new Promise((resolve) => setTimeout(resolve, 5, 1));
      } finally {
        stopped = true;
      }
    };
    let seen: AbortSignal | undefined;
    const hang = (signal: AbortSignal) => {
      seen = signal;
      return new Promise(() => {});
    };
    const { near, far } = bridgePair({ open: source, make: () => hang });
    const stream = (await near.root('open', [])) as AsyncIterableIterator<number>;
    await stream.next();
    const hanging = ((await near.root('make', [])) as Fn)(new AbortController().signal);
    await settle();
    const reason = new SoulboxError('plugin_process_lost', 'gone');
    near.close(reason);
    far.close(reason);
    await assert.rejects(hanging, reason);
    await assert.rejects(stream.next(), reason);
    await assert.rejects(near.root('open', []), reason);
    near.tell('open', []);
    assert.equal(seen?.aborted, true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(stopped, true);
    assert.deepEqual([near.size, far.size], [0, 0]);
  });

  it('what is not JSON-RPC is dropped', async () => {
    const { near } = bridgePair({ same: (value: unknown) => value });
    for (const junk of [null, 'x', 7, {}, { jsonrpc: '2.0' }, { jsonrpc: '2.0', id: 99, result: 1 }])
      near.receive(junk);
    assert.equal(await near.root('same', [1]), 1);
  });
});
