import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hookCatalogue, type HookDefinition, type HookName } from '@soulbox/plugin-sdk';
import { HookBus } from '../../src/hooks/hook-bus.ts';
import { failure } from '../support/expect.ts';
import { busWithOwnHooks, own, owner } from '../support/taps.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('observers of a series hook are called one after another, in the order of their taps', async () => {
  const bus = busWithOwnHooks();
  const seen: string[] = [];
  for (const [name, ms] of [
    ['slow', 20],
    ['fast', 0],
  ] as const) {
    bus.tap(owner(name), 'own.series', async (arg) => {
      await pause(ms);
      seen.push(`${name} ${arg}`);
    });
  }
  assert.equal(await bus.call('own.series', 'x'), undefined);
  assert.deepEqual(seen, ['slow x', 'fast x']);
});

test('observers of a parallel hook run at the same time, and the call waits for all', async () => {
  const bus = busWithOwnHooks();
  const order: string[] = [];
  let second = () => {};
  const secondRan = new Promise<void>((resolve) => (second = resolve));
  bus.tap(owner('a'), 'own.parallel', async () => {
    await secondRan;
    order.push('a');
  });
  bus.tap(owner('b'), 'own.parallel', () => {
    order.push('b');
    second();
  });
  await bus.call('own.parallel', 'x');
  assert.deepEqual(order, ['b', 'a']);
});

test('the first tap of a bail hook that answers decides; undefined and null abstain', async () => {
  const bus = busWithOwnHooks();
  const asked: string[] = [];
  const answers: Record<string, number | null | undefined> = { a: undefined, b: null, c: 0, d: 4 };
  for (const [name, answer] of Object.entries(answers)) {
    bus.tap(owner(name), 'own.bail', () => {
      asked.push(name);
      return answer;
    });
  }
  assert.equal(await bus.call('own.bail', 'x'), 0);
  assert.deepEqual(asked, ['a', 'b', 'c']);
});

test('each tap of a waterfall gets what the last one made; undefined and null leave it as it is', async () => {
  const bus = busWithOwnHooks();
  bus.tap(owner('a'), 'own.waterfall', (value, arg) => value + arg.length);
  bus.tap(owner('b'), 'own.waterfall', () => undefined);
  bus.tap(owner('c'), 'own.waterfall', (() => null) as never);
  bus.tap(owner('d'), 'own.waterfall', async (value) => value * 10);
  assert.equal(await bus.call('own.waterfall', 1, 'xyz'), 40);
});

test('nobody there: observers and bail hooks answer with nothing, waterfalls with their value', async () => {
  const bus = busWithOwnHooks();
  assert.equal(bus.tapped('own.series'), false);
  assert.equal(await bus.call('own.series', 'x'), undefined);
  assert.equal(await bus.call('own.bail', 'x'), undefined);
  assert.equal(await bus.call('own.waterfall', 7, 'x'), 7);
});

test('taps are called pre, then those that say nothing, then post', async () => {
  const bus = busWithOwnHooks();
  const seen: string[] = [];
  for (const order of ['post', undefined, 'pre', 'post', undefined, 'pre'] as const)
    bus.tap(owner('p'), 'own.series', () => void seen.push(order ?? 'plain'), order ? { order } : {});
  await bus.call('own.series', 'x');
  assert.deepEqual(seen, ['pre', 'pre', 'plain', 'plain', 'post', 'post']);
});

test('a call under way keeps to the taps that it began with', async () => {
  const bus = busWithOwnHooks();
  const seen: string[] = [];
  const toRemove: Disposable[] = [];
  const added: Disposable[] = [];
  bus.tap(owner('changer'), 'own.series', () => {
    seen.push('changer');
    for (const tap of toRemove) tap[Symbol.dispose]();
    if (added.length === 0) added.push(bus.tap(owner('added'), 'own.series', () => void seen.push('added')));
  });
  toRemove.push(bus.tap(owner('removed'), 'own.series', () => void seen.push('removed')));
  await bus.call('own.series', 'x');
  assert.deepEqual(seen, ['changer', 'removed']);
  await bus.call('own.series', 'x');
  assert.deepEqual(seen, ['changer', 'removed', 'changer', 'added']);
});

test('a tap that is given back is called no more, however often it is given back', async () => {
  const bus = busWithOwnHooks();
  let calls = 0;
  const tap = bus.tap(owner('a'), 'own.series', () => void (calls += 1));
  assert.equal(bus.tapped('own.series'), true);
  await bus.call('own.series', 'x');
  for (let n = 0; n < 2; n += 1) tap[Symbol.dispose]();
  assert.equal(bus.tapped('own.series'), false);
  await bus.call('own.series', 'x');
  assert.equal(calls, 1);
});

test('every hook of the catalogue can be tapped and has a deadline', () => {
  const bus = new HookBus();
  for (const [name, { timeoutMs }] of Object.entries(hookCatalogue)) {
    assert.ok(timeoutMs > 0 && timeoutMs <= 60_000, name);
    bus.tap(owner('a'), name as HookName, () => undefined, {}, 'all');
    assert.ok(bus.tapped(name as HookName));
  }
});

test('a privileged hook is tapped only by those whose manifest lists it', () => {
  const bus = new HookBus();
  const third = owner('third-party');
  const tap = (permitted?: readonly string[] | 'all') =>
    bus.tap(third, 'auth.authenticate', () => undefined, {}, permitted);
  assert.throws(() => tap(), failure('hook_not_permitted', /third-party/, /auth\.authenticate/));
  assert.throws(() => tap(['auth.veto', 'auth']), failure('hook_not_permitted'));
  assert.equal(bus.tapped('auth.authenticate'), false);
  tap(['auth.authenticate']);
  tap('all');
  assert.equal(bus.tapped('auth.authenticate'), true);
});

test('what cannot be tapped is refused by name', () => {
  const bus = busWithOwnHooks();
  const tap =
    (hook: string, fn: unknown, options: object = {}) =>
    () =>
      bus.tap(owner('careless'), hook as 'own.series', fn as () => void, options);
  assert.throws(
    tap('no.such', () => undefined),
    failure('plugin_failed', /careless/, /no\.such/),
  );
  assert.throws(
    tap('constructor', () => undefined),
    failure('plugin_failed', /does not exist/),
  );
  assert.throws(tap('own.series', 'text'), failure('plugin_failed', /careless/, /own\.series/, /not a function/));
  const bad = [{ order: 'first' }, { timeoutMs: 0 }, { timeoutMs: Number.NaN }, { timeoutMs: '5' }, { before: 'x' }];
  for (const options of bad)
    assert.throws(
      tap('own.series', () => undefined, options),
      failure('plugin_failed', /careless/, /own\.series/),
    );
  assert.equal(bus.tapped('own.series'), false);
});

test('calling a hook that does not exist is an error of the host', async () => {
  await assert.rejects(new HookBus().call('own.series', 'x'), failure('internal', /own\.series/));
});

test('a plugin defines hooks under its own name only, each once, and may take them back', async () => {
  const bus = busWithOwnHooks();
  assert.throws(() => bus.define('other', 'own.more', own.series), failure('plugin_failed', /other\.\*/));
  assert.throws(() => bus.define('host', 'host.ready', own.series), failure('plugin_failed', /twice/));
  const defined = bus.define('more', 'more.hook', own.series);
  assert.throws(() => bus.define('more', 'more.hook', own.series), failure('plugin_failed', /twice/));
  defined[Symbol.dispose]();
  bus.define('more', 'more.hook', own.series);
});

test('a definition that cannot be kept is refused, naming the hook and what is wrong', () => {
  const bus = new HookBus();
  const bad: Record<string, unknown> = {
    kind: { ...own.series, kind: 'sideways' },
    timeoutMs: { ...own.series, timeoutMs: Infinity },
    onError: { ...own.series, onError: 'ignore' },
    description: { ...own.series, description: undefined },
    'only be isolated': { ...own.parallel, onError: 'fail' },
  };
  for (const [what, definition] of Object.entries(bad))
    assert.throws(
      () => bus.define('own', 'own.bad', definition as HookDefinition),
      failure('plugin_failed', /own\.bad/, new RegExp(what)),
    );
  assert.throws(() => bus.define('own', 'own.bad', null as never), failure('plugin_failed', /own\.bad/));
});

test('calls and errors are counted for each tap, by its plugin', async () => {
  const bus = busWithOwnHooks();
  bus.tap(owner('good'), 'own.parallel', () => undefined);
  bus.tap(owner('bad'), 'own.parallel', () => {
    throw new Error('always');
  });
  bus.tap(owner('bad'), 'own.bail', () => undefined);
  for (let n = 0; n < 3; n += 1) await bus.call('own.parallel', 'x');
  const [good] = bus.metrics('good');
  assert.deepEqual([good?.hook, good?.calls, good?.errors], ['own.parallel', 3, 0]);
  assert.ok(good && good.p50Ms > 0 && good.p95Ms >= good.p50Ms);
  assert.deepEqual(
    bus.metrics('bad').map(({ hook, calls, errors }) => [hook, calls, errors]),
    [
      ['own.parallel', 3, 3],
      ['own.bail', 0, 0],
    ],
  );
  assert.deepEqual([bus.metrics('bad')[1]?.p50Ms, bus.metrics('nobody')], [0, []]);
});
