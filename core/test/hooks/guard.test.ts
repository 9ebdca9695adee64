import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { isSoulboxError, SoulboxError, z, type HookDefinition, type HookInfo } from '@soulbox/plugin-sdk';
import { HookBus } from '../../src/hooks/hook-bus.ts';
import { currentPlugin } from '../../src/plugins/attribution.ts';
import { failure } from '../support/expect.ts';
import { busWithOwnHooks, own, owner } from '../support/taps.ts';

function busWith(name: 'bail' | 'waterfall' | 'series', change: Partial<HookDefinition>): HookBus {
  const bus = new HookBus();
  bus.define('own', `own.${name}`, { ...own[name], ...change });
  return bus;
}

const bails: Record<string, () => unknown> = {
  'throws at once': () => {
    throw new Error('secret detail');
  },
  'rejects later': async () => {
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error('secret detail');
  },
  'throws something that is no error': () => {
    // What plugins without types may do.
    // oxlint-disable-next-line typescript/only-throw-error
    throw 'secret detail';
  },
  'answers with something whose then throws': () => ({
    // oxlint-disable-next-line unicorn/no-thenable
    get then() {
      throw new Error('secret detail');
    },
  }),
};
for (const [what, fn] of Object.entries(bails)) {
  test(`a tap that ${what} fails a hook that must not fail, and says whose it is but not why`, async () => {
    const bus = busWithOwnHooks();
    const bad = owner('bad');
    bus.tap(bad, 'own.bail', fn as () => number);
    await assert.rejects(bus.call('own.bail', 'x'), (thrown) => {
      failure('hook_failed', /bad/, /own\.bail/)(thrown);
      assert.ok(isSoulboxError(thrown) && !JSON.stringify(thrown.toBody()).includes('secret'));
      assert.deepEqual(thrown.details, { plugin: 'bad', hook: 'own.bail' });
      return true;
    });
    assert.match(JSON.stringify(bad.entries), /secret detail|then/);
  });
  test(`a tap that ${what} is passed over where the policy is to isolate`, async () => {
    const bus = busWith('bail', { onError: 'isolate' });
    bus.tap(owner('bad'), 'own.bail', fn as () => number);
    bus.tap(owner('good'), 'own.bail', () => 7);
    assert.equal(await bus.call('own.bail', 'x'), 7);
  });
}

test("a tap's own SoulboxError reaches the caller as it is", async () => {
  const bus = busWithOwnHooks();
  const thrown = new SoulboxError('overloaded', 'come back later', { details: { retryAfterMs: 5 } });
  bus.tap(owner('a'), 'own.bail', () => {
    throw thrown;
  });
  await assert.rejects(bus.call('own.bail', 'x'), (error) => error === thrown);
});

test('a failing tap does not keep other observers from being called', async () => {
  const bus = busWithOwnHooks();
  const seen: string[] = [];
  bus.tap(owner('bad'), 'own.parallel', () => {
    seen.push('bad');
    throw new Error('no');
  });
  bus.tap(owner('good'), 'own.parallel', () => void seen.push('good'));
  await bus.call('own.parallel', 'x');
  assert.deepEqual(seen, ['bad', 'good']);
});

test('a tap that hangs is given up at its deadline, told so, and named', async () => {
  const bus = busWithOwnHooks();
  let info: HookInfo | undefined;
  bus.tap(
    owner('sleeper'),
    'own.bail',
    (_arg, given) => {
      info = given;
      return new Promise<never>(() => {});
    },
    { timeoutMs: 20 },
  );
  await assert.rejects(bus.call('own.bail', 'x'), failure('hook_timeout', /sleeper/, /own\.bail/, /20 ms/));
  assert.equal(info?.signal.aborted, true);
});

test('a tap may shorten the deadline of its hook, and not extend it', async () => {
  const bus = busWith('bail', { timeoutMs: 20 });
  bus.tap(owner('slow'), 'own.bail', () => new Promise<never>(() => {}), { timeoutMs: 60_000 });
  await assert.rejects(bus.call('own.bail', 'x'), failure('hook_timeout', /within 20 ms/));
});

test('an answer or a failure after the deadline changes nothing any more', async () => {
  const bus = busWith('waterfall', { timeoutMs: 10, onError: 'isolate' });
  let settle: ((value: number) => void) | undefined;
  let fail: ((error: Error) => void) | undefined;
  bus.tap(owner('late'), 'own.waterfall', () => new Promise((resolve) => (settle = resolve)));
  bus.tap(owner('later'), 'own.waterfall', () => new Promise((_, reject) => (fail = reject)));
  assert.equal(await bus.call('own.waterfall', 1, 'x'), 1);
  settle?.(2);
  fail?.(new Error('too late'));
  // An unheard rejection would end this process.
  await new Promise((resolve) => setTimeout(resolve, 10));
});

test('the signal of a tap is aborted when its plugin stops', async () => {
  const bus = busWithOwnHooks();
  const stopping = owner('stopping');
  bus.tap(stopping, 'own.series', async (_arg, { signal, log }) => {
    assert.equal(log, stopping.log);
    assert.equal(signal.aborted, false);
    setImmediate(() => stopping.stop());
    await once(signal, 'abort');
  });
  await bus.call('own.series', 'x');
});

test('an answer of the wrong shape fails, naming the plugin and the field', async () => {
  const bus = busWith('waterfall', { result: z.object({ want: z.int() }) });
  bus.tap(owner('nonsense'), 'own.waterfall', (() => ({ want: 'many' })) as never);
  const call = bus.call('own.waterfall', { want: 1 } as never, 'x');
  await assert.rejects(call, failure('hook_invalid_result', /nonsense/, /own\.waterfall/, /want/));
});

test('nonsense is passed over where the policy is to isolate, and the value stays', async () => {
  const bus = new HookBus();
  for (const nonsense of ['text', 5, [], { want: -1 }, { want: Infinity }, () => 1])
    bus.tap(owner('nonsense'), 'scaling.signal', (() => nonsense) as never);
  const value = { want: 3 };
  const use = { driver: 'd', image: null, ready: 0, assigned: 0, taken: 0, at: 0 };
  assert.deepEqual(await bus.call('scaling.signal', value, use), value);
  assert.ok(bus.metrics('nonsense').every(({ errors }) => errors === 1));
});

test('what observers return is of no matter', async () => {
  const bus = busWith('series', {});
  bus.tap(owner('chatty'), 'own.series', (() => 'hello') as never);
  assert.equal(await bus.call('own.series', 'x'), undefined);
});

test('a value handed back unchanged is accepted as it is', async () => {
  const bus = busWith('waterfall', { result: z.never() });
  bus.tap(owner('same'), 'own.waterfall', (value) => value);
  assert.equal(await bus.call('own.waterfall', 5, 'x'), 5);
});

test('a failing tap is logged at its 1st, 10th and 100th failure only', async () => {
  const bus = busWithOwnHooks();
  const bad = owner('bad');
  bus.tap(bad, 'own.parallel', () => {
    throw new Error('no');
  });
  for (let n = 0; n < 120; n += 1) await bus.call('own.parallel', 'x');
  assert.deepEqual(
    bad.entries.map(({ errors }) => errors),
    [1, 10, 100],
  );
});

test('a tap that needs more than half of its deadline is slow: counted each time, and named now and then', async () => {
  const bus = busWithOwnHooks();
  const slow = owner('slow');
  const busy = () => {
    for (const until = performance.now() + 3; performance.now() < until;);
  };
  bus.tap(slow, 'own.parallel', busy, { timeoutMs: 5 });
  for (let n = 0; n < 12; n += 1) await bus.call('own.parallel', 'x');
  const [metrics] = bus.metrics('slow');
  assert.deepEqual([metrics?.calls, metrics?.errors, metrics?.slow], [12, 0, 12]);
  assert.ok(metrics && metrics.budget.p95 > 0.5 && metrics.budget.worst >= metrics.budget.p95);
  assert.deepEqual(
    slow.entries.map(({ slow: times, hook, timeoutMs }) => [times, hook, timeoutMs]),
    [
      [1, 'own.parallel', 5],
      [10, 'own.parallel', 5],
    ],
  );
});

test('the code of a tap runs under the name of its plugin, also what it leaves to timers', async () => {
  const bus = busWithOwnHooks();
  const names: (string | undefined)[] = [];
  const late = new Promise<void>((resolve) => {
    bus.tap(owner('named'), 'own.series', () => {
      names.push(currentPlugin());
      setTimeout(() => {
        names.push(currentPlugin());
        resolve();
      }, 1);
    });
  });
  await bus.call('own.series', 'x');
  await late;
  assert.deepEqual([...names, currentPlugin()], ['named', 'named', undefined]);
});
