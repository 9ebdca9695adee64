import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cache } from '@soulbox/plugin-sdk';
import { withResource } from './with-resource.ts';

/** An empty cache for one test, with room for a few small values. */
export interface CacheFixture {
  readonly cache: Cache;
  /** Opens the same data a second time, as another host would; absent where nothing can be shared. */
  readonly share?: () => Promise<Cache>;
  readonly dispose: () => Promise<void>;
}

export interface CacheSuiteOptions {
  readonly name?: string;
  readonly create: () => Promise<CacheFixture>;
}

const repeats = 10;
const bytes = (text: string) => new TextEncoder().encode(text);

/** Registers the tests that every implementation of Cache passes. */
export function cacheSuite({ name = 'Cache', create }: CacheSuiteOptions): void {
  describe(`conformance: ${name}`, () => {
    valueTests(create);
    expiryTests(create);
  });
}

function valueTests(create: CacheSuiteOptions['create']): void {
  test(
    'bytes come back as they were set, the last ones',
    withResource(create, async ({ cache }) => {
      const every = Uint8Array.from({ length: 256 }, (_, n) => n);
      for (const value of [every, new Uint8Array(0), every.toReversed()]) {
        for (let i = 0; i < repeats; i++) await cache.set('key', value);
        assert.deepEqual(Uint8Array.from((await cache.get('key'))!), value);
      }
    }),
  );
  test(
    'what is not there is undefined, and deleting it is no error',
    withResource(create, async ({ cache }) => {
      await cache.set('key', bytes('x'));
      for (let i = 0; i < repeats; i++) {
        await cache.delete('key');
        assert.equal(await cache.get('key'), undefined);
      }
    }),
  );
  test(
    'keys are told apart exactly',
    withResource(create, async ({ cache }) => {
      const keys = [
        'a',
        'A',
        'a ',
        'a\n',
        'a\0',
        'a:b',
        '*',
        '__proto__',
        'constructor',
        'é',
        'e\u0301',
        '../a',
        'x'.repeat(500),
      ];
      for (const key of keys) {
        assert.equal(await cache.get(key), undefined);
        await cache.set(key, bytes(key));
      }
      for (const key of keys) assert.deepEqual(Uint8Array.from((await cache.get(key))!), bytes(key));
    }),
  );
  test(
    'a change of bytes that were set or got changes nothing in the cache',
    withResource(create, async ({ cache }) => {
      const value = bytes('good');
      await cache.set('key', value);
      value.fill(0);
      (await cache.get('key'))!.fill(0);
      assert.deepEqual(Uint8Array.from((await cache.get('key'))!), bytes('good'));
    }),
  );
  test('two hosts that share the data see each other', async (t) => {
    await withResource(create, async ({ cache, share }) => {
      if (!share) return t.skip('cannot be shared');
      const other = await share();
      await cache.set('key', bytes('x'));
      assert.deepEqual(Uint8Array.from((await other.get('key'))!), bytes('x'));
      await other.delete('key');
      assert.equal(await cache.get('key'), undefined);
    })();
  });
}

function expiryTests(create: CacheSuiteOptions['create']): void {
  test(
    'a value vanishes after its time, and a new one starts anew',
    withResource(create, async ({ cache }) => {
      for (let i = 0; i < repeats; i++) await cache.set('short', bytes('x'), 1);
      for (let i = 0; i < repeats; i++) await cache.set('long', bytes('x'), 3_600_000);
      await cache.set('renewed', bytes('x'), 1);
      await cache.set('renewed', bytes('y'));
      // Unless it expires, this ends at the runner's time limit.
      while (await cache.get('short')) await pause(5);
      assert.ok(await cache.get('long'));
      assert.ok(await cache.get('renewed'));
    }),
  );
}
