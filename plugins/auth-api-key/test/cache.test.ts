import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { AuthProvider } from '@soulbox/plugin-sdk';
import { FragileStore, bearer, principalOf, signal, startKeyHost, withKeyHost } from './fixture.ts';
import { BoundedMap } from '../src/bounded-map.ts';
import { makeKey } from '../src/key-format.ts';

const maker = { principal: principalOf(['*']) };

/** Ends at the runner's time limit if it never comes. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(5);
}

const accepts = async (provider: AuthProvider, key: string) =>
  (await provider.verify(bearer(key), { signal })) !== undefined;

test('a key that was looked up is not looked up again, known or not', async () => {
  await withKeyHost(
    async ({ provider, createKey }, store) => {
      const keys = [(await createKey()).key, makeKey().text];
      for (const key of keys) await provider.verify(bearer(key), { signal });
      const { reads } = store;
      for (let n = 0; n < 100; n++) for (const key of keys) await provider.verify(bearer(key), { signal });
      assert.equal(store.reads, reads);
    },
    { cacheMs: 60_000 },
  );
});

test('a cached key is refused once it expires', async () => {
  await withKeyHost(
    async ({ provider, createKey }) => {
      const { key } = await createKey({ expiresInMs: 300 });
      await until(async () => !(await accepts(provider, key)));
    },
    { cacheMs: 60_000 },
  );
});

test('a key that another host revokes is refused here too, long before its time in the cache is over', async () => {
  const store = new FragileStore();
  const [here, there] = await Promise.all([startKeyHost(store, { cacheMs: 60_000 }), startKeyHost(store)]);
  try {
    const { id, key } = await here.createKey();
    assert.ok(await accepts(here.provider, key));
    await there.host.call('keys.revoke', { id }, maker);
    await until(async () => !(await accepts(here.provider, key)));
  } finally {
    await Promise.all([here.host.stop(), there.host.stop()]);
  }
});

test('an answer that was under way when the key was revoked is not kept', async () => {
  await withKeyHost(
    async ({ host, provider, createKey }, store) => {
      const { id, key } = await createKey();
      const stale = await store.get('api-keys', id);
      const get = store.get.bind(store);
      const reading = new Promise<void>((started) => {
        store.get = async (collection, wanted) => {
          if (collection !== 'api-keys') return get(collection, wanted);
          store.get = get;
          started();
          await host.call('keys.revoke', { id }, maker);
          return stale;
        };
      });
      await Promise.all([reading, provider.verify(bearer(key), { signal })]);
      assert.equal(await accepts(provider, key), false);
    },
    { cacheMs: 60_000 },
  );
});

test('while changes cannot be followed every key is looked up, so a broken store lets nobody in', async () => {
  const store = new FragileStore();
  store.feedBroken = true;
  const { host, provider, createKey } = await startKeyHost(store, { cacheMs: 60_000 });
  try {
    const { key } = await createKey();
    assert.ok(await accepts(provider, key));
    store.broken = true;
    await assert.rejects(accepts(provider, key), { code: 'storage_failed' });
    store.broken = false;
    store.feedBroken = false;
    await until(async () => {
      const { reads } = store;
      return (await accepts(provider, key)) && store.reads === reads;
    });
  } finally {
    await host.stop();
  }
});

test('a record that somebody has damaged lets nobody in', async () => {
  await withKeyHost(async ({ provider, createKey }, store) => {
    const { id, key } = await createKey();
    const { value } = (await store.get('api-keys', id))!;
    await store.commit([{ op: 'put', collection: 'api-keys', id, value: { ...value, scopes: ['everything'] } }]);
    await until(async () =>
      provider.verify(bearer(key), { signal }).then(
        () => false,
        () => true,
      ),
    );
  });
});

test('a map that is full forgets the oldest entry', () => {
  const map = new BoundedMap<number>(2);
  for (const [key, value] of [
    ['a', 1],
    ['b', 2],
    ['a', 3],
    ['c', 4],
  ] as const)
    map.set(key, value);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => map.get(key)),
    [3, undefined, 4],
  );
});
