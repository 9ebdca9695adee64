import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  definePlugin,
  SoulboxError,
  type ExecutionRequest,
  type ExecutionResult,
  type HookTaps,
} from '@soulbox/plugin-sdk';
import { ScriptedDriver, testPrincipal } from '@soulbox/plugin-sdk/testing';
import { FaultyStore, scriptedHost, settles, stranger, until, type ScriptedHost } from '../support/scripted-host.ts';

const program = { language: 'script', code: 'sleep 20\nout x', cache: true };
const call = (host: ScriptedHost, params: object, options = {}) =>
  host.call('executions.create', { ...program, ...params }, options) as Promise<ExecutionResult>;

/** Taps that keep every result that ended well, as a cache does. */
function cache(hooks: HookTaps, seen: ExecutionRequest[] = []) {
  const kept = new Map<string, ExecutionResult>();
  hooks.tap('execution.lookup', (request) => {
    seen.push(request);
    return kept.get(request.resultKey!);
  });
  hooks.tap('execution.settled', ({ request, result }) => {
    if (request.resultKey !== undefined && result.verdict === 'ok') kept.set(request.resultKey, result);
  });
}

describe('a run that asks for a cache', () => {
  it('is answered by an equal one of its tenant, without a turn of its own', async () => {
    await using host = await scriptedHost({ tap: cache, config: { executions: { concurrency: 1 } } });
    const first = await call(host, {});
    const busy = call(host, { code: 'sleep 60000', cache: false }, { signal: AbortSignal.timeout(500) });
    busy.catch(() => undefined);
    await until(() => host.driver.ran.length === 2);
    const second = await call(host, { labels: { a: 'b' } });
    assert.deepEqual([second.stdout, second.cache.hit, first.cache.hit], ['x\n', true, false]);
    assert.notEqual(second.id, first.id);
    await busy.catch(() => undefined);
    assert.equal((await call(host, {}, { principal: stranger })).cache.hit, false);
  });

  it('is answered also while no sandbox can be made', async () => {
    const driver = new ScriptedDriver();
    await using host = await scriptedHost({ tap: cache, driver });
    await call(host, {});
    driver.report = { ...driver.report, available: false, reason: 'out of order' };
    const refusal = new SoulboxError('sandbox_unavailable', 'out of order');
    driver.create = () => Promise.reject(refusal);
    // Boxes that were ready are used up first.
    let tenants = 0;
    await until(async () => {
      const principal = { ...stranger, tenant: `t${tenants++}` };
      return call(host, { cache: false }, { principal }).then(
        () => false,
        (error: SoulboxError) => error.code === 'sandbox_unavailable',
      );
    });
    assert.equal((await call(host, {})).cache.hit, true);
    await assert.rejects(call(host, { code: 'out new' }), { code: 'sandbox_unavailable' });
    await assert.rejects(call(host, { version: '9' }), { code: 'sandbox_unavailable' });
  });

  it('is recorded in one write where it is answered, in a form that fits, and not at all where that fails', async () => {
    const store = new FaultyStore();
    const seen: unknown[] = [];
    await using host = await scriptedHost({ tap: cache, store });
    await call(host, {});
    const tooLarge = new SoulboxError('payload_too_large', '', { details: { maxBytes: 3 } });
    store.fault = (changes) => {
      seen.push(changes);
      return seen.length === 1 ? tooLarge : undefined;
    };
    const cut = await call(host, { idempotencyKey: 'k' });
    assert.deepEqual([cut.cache.hit, cut.stdout, cut.truncated.stdout, seen.length], [true, 'x', true, 2]);
    assert.deepEqual(await host.call('executions.get', { id: cut.id }), cut);
    assert.equal((await call(host, { idempotencyKey: 'k' })).id, cut.id);
    store.fault = () => new Error('full');
    await assert.rejects(call(host, {}));
    store.fault = () => undefined;
    assert.equal(((await host.call('executions.list')) as { executions: unknown[] }).executions.length, 2);
  });

  it('is the only kind that caches are asked for', async () => {
    const seen: ExecutionRequest[] = [];
    await using host = await scriptedHost({ tap: (hooks) => cache(hooks, seen) });
    for (const asked of [true, false, undefined, { maxAgeMs: 0 }, {}, { maxAgeMs: 5 }])
      await host.call('executions.create', {
        language: 'script',
        code: 'out x',
        ...(asked === undefined ? {} : { cache: asked }),
      });
    assert.deepEqual(
      seen.map((request) => request.cache),
      [true, {}, { maxAgeMs: 5 }],
    );
    assert.equal(new Set(seen.map((request) => request.resultKey)).size, 1);
    assert.equal(host.driver.ran.length, 4);
  });

  it('runs like any other where nothing caches', async () => {
    await using host = await scriptedHost();
    const both = await Promise.all([call(host, {}), call(host, {})]);
    assert.deepEqual(
      both.map((result) => result.cache),
      [{ hit: false }, { hit: false }],
    );
  });

  it('may be made to ask by a plugin', async () => {
    const tap = (hooks: HookTaps) => {
      cache(hooks);
      hooks.tap('execution.before', (request) => ({ ...request, cache: {} }));
    };
    await using host = await scriptedHost({ tap });
    await host.call('executions.create', { language: 'script', code: 'out x' });
    const second = (await host.call('executions.create', { language: 'script', code: 'out x' })) as ExecutionResult;
    assert.equal(second.cache.hit, true);
  });
});

describe('equal runs at one time', () => {
  it('run once, and no more of one tenant than of two at once', async () => {
    await using host = await scriptedHost({ tap: cache, config: { executions: { concurrency: 2 } } });
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, n) => call(host, {}, n % 2 === 0 ? {} : { principal: stranger })),
    );
    assert.equal(host.driver.ran.length, 2);
    assert.equal(new Set(results.map((result) => result.id)).size, 60);
    assert.equal(results.filter((result) => result.cache.hit).length, 58);
    assert.deepEqual(new Set(results.map((result) => result.stdout)), new Set(['x\n']));
  });

  it('go on with the next where the one that ran was cancelled, vetoed by a full store or lost', async () => {
    const driver = new ScriptedDriver();
    await using host = await scriptedHost({ tap: cache, driver });
    const withdraw = new AbortController();
    const leader = call(host, {}, { signal: withdraw.signal });
    await until(() => driver.ran.length === 1);
    const followers = Array.from({ length: 10 }, () => call(host, {}));
    await new Promise((resolve) => setImmediate(resolve));
    withdraw.abort();
    assert.equal((await leader).verdict, 'cancelled');
    const results = await Promise.all(followers);
    assert.deepEqual(new Set(results.map((result) => result.verdict)), new Set(['ok']));
    assert.equal(driver.ran.length, 2);
    const lost = await Promise.all([1, 2, 3].map(() => call(host, { code: 'sleep 5\nlose' })));
    assert.deepEqual(
      lost.map((result) => result.verdict),
      ['lost', 'lost', 'lost'],
    );
  });

  it('do not wait for each other where the one that ran left nothing', async () => {
    await using host = await scriptedHost({ tap: cache });
    const results = await Promise.all(Array.from({ length: 5 }, () => call(host, { code: 'sleep 5\nexit 3' })));
    assert.deepEqual(
      results.map((result) => [result.exitCode, result.cache.hit]),
      Array.from({ length: 5 }, () => [3, false]),
    );
    assert.equal(host.driver.ran.length, 5);
  });

  it('can be withdrawn while they wait, which does not concern the others', async () => {
    await using host = await scriptedHost({ tap: cache });
    const leader = call(host, { code: 'sleep 60\nout x' });
    const withdraw = new AbortController();
    const follower = call(host, { code: 'sleep 60\nout x' }, { signal: withdraw.signal });
    const other = call(host, { code: 'sleep 60\nout x' });
    await until(() => host.driver.ran.length === 1);
    withdraw.abort();
    await assert.rejects(follower, { code: 'cancelled' });
    assert.deepEqual([(await leader).cache.hit, (await other).cache.hit], [false, true]);
    assert.equal(host.driver.ran.length, 1);
  });

  it('do not wait where as many wait as may, nor for what could not be recorded', async () => {
    const store = new FaultyStore();
    await using host = await scriptedHost({ tap: cache, store, config: { executions: { queue: 1 } } });
    assert.equal((await Promise.all([1, 2, 3].map(() => call(host, {})))).filter((r) => r.cache.hit).length, 1);
    store.fault = (changes) => (settles(changes) ? new Error('full') : undefined);
    const leader = call(host, { code: 'out y' });
    const follower = call(host, { code: 'out y' });
    await assert.rejects(leader, { code: 'storage_failed' });
    store.fault = () => undefined;
    assert.equal((await follower).verdict, 'ok');
  });

  it('wait neither for one that was refused', async () => {
    const store = new FaultyStore();
    await using host = await scriptedHost({ tap: cache, store });
    let refused = 0;
    store.fault = () => (refused++ === 0 ? new Error('full') : undefined);
    const [leader, follower] = await Promise.allSettled([call(host, {}), call(host, {})]);
    assert.deepEqual([leader.status, follower.status], ['rejected', 'fulfilled']);
  });
});

describe('a key', () => {
  it('tells callers and labels apart where a plugin may show them different things', async () => {
    const others = { principal: { ...testPrincipal, id: 'colleague' } };
    const hits = async (tap: (hooks: HookTaps) => void) => {
      await using host = await scriptedHost({ tap });
      await call(host, {});
      const asked = [call(host, {}), call(host, {}, others), call(host, { labels: { a: 'b' } })];
      return (await Promise.all(asked)).map((result) => result.cache.hit);
    };
    assert.deepEqual(await hits(cache), [true, true, true]);
    const rewriting = (hooks: HookTaps) => {
      cache(hooks);
      hooks.tap('execution.output', (data) => data);
    };
    assert.deepEqual(await hits(rewriting), [true, false, false]);
  });

  it('is another when a plugin that has a hand in the result is replaced, and no result is kept across that', async () => {
    const seen: ExecutionRequest[] = [];
    const settled: ExecutionRequest[] = [];
    const tap = (hooks: HookTaps) => {
      cache(hooks, seen);
      hooks.tap('execution.settled', ({ request }) => void settled.push(request));
    };
    let filtering = false;
    const filter = definePlugin({
      id: 'filter',
      setup: ({ hooks }) => {
        if (filtering) hooks.tap('execution.output', (data) => data);
      },
    });
    await using host = await scriptedHost({ tap, plugins: { filter: { plugin: filter } } });
    await call(host, {});
    const before = call(host, { code: 'sleep 60\nout z' });
    await until(() => host.driver.ran.length === 2);
    filtering = true;
    await host.call('plugins.reload', { id: 'filter' }, { principal: testPrincipal });
    await before;
    assert.deepEqual(
      settled.map(({ resultKey }) => resultKey !== undefined),
      [true, false],
    );
    assert.equal((await call(host, {})).cache.hit, false);
    assert.notEqual(seen[0]?.resultKey, seen[2]?.resultKey);
  });
});
