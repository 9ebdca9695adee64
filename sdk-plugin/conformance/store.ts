import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject, Store } from '@soulbox/plugin-sdk';
import { storeFollowTests } from './store-follow.ts';
import { storeQueryTests } from './store-query.ts';
import { withResource } from './with-resource.ts';

/** An empty store for one test. */
export interface StoreFixture {
  readonly store: Store;
  /** Closes the store and opens the same data again; absent where data does not outlive a store. */
  readonly reopen?: () => Promise<Store>;
  /** Opens the same data a second time, as another host would; absent where nothing can be shared. */
  readonly share?: () => Promise<Store>;
  readonly dispose: () => Promise<void>;
}

export interface StoreSuiteOptions {
  readonly name?: string;
  readonly create: () => Promise<StoreFixture>;
}

/** How often each change is repeated. */
const repeats = 10;

const conflict = { code: 'conflict' };
const invalid = { code: 'invalid_params' };

const put = (id: string, value: JsonObject, ifVersion?: number) =>
  ({ op: 'put', collection: 'things', id, value, ...(ifVersion === undefined ? {} : { ifVersion }) }) as const;
const remove = (id: string, ifVersion?: number) =>
  ({ op: 'delete', collection: 'things', id, ...(ifVersion === undefined ? {} : { ifVersion }) }) as const;

/** Registers the tests that every implementation of Store passes. */
export function storeSuite({ name = 'Store', create }: StoreSuiteOptions): void {
  describe(`conformance: ${name}`, () => {
    commitTests(create);
    refusalTests(create);
    sharingTests(create);
    storeQueryTests(create);
    storeFollowTests(create);
  });
}

function commitTests(create: StoreSuiteOptions['create']): void {
  test(
    'declaring a collection again is harmless, and adds',
    withResource(create, async ({ store }) => {
      await store.define('things', { indexes: ['n'] });
      await store.commit([put('a', { n: 1, tag: 'x' })]);
      for (let i = 0; i < repeats; i++) await store.define('things', { indexes: i % 2 === 0 ? ['tag'] : [] });
      for (const where of [{ n: 1 }, { tag: 'x' }, { n: 1, tag: 'x' }])
        assert.deepEqual(
          (await store.query('things', { where })).documents.map(({ id }) => id),
          ['a'],
        );
    }),
  );
  test(
    'a document comes back as it was put, with versions from 1',
    withResource(create, async ({ store }) => {
      const value = {
        text: 'é😀\0"\\',
        number: -0.5,
        large: 2 ** 60,
        list: [1, [null, true]],
        nested: { a: { b: '' } },
      };
      for (let version = 1; version <= repeats; version++) {
        assert.deepEqual(await store.commit([put('a', value)]), [version]);
        assert.deepEqual(await store.get('things', 'a'), { id: 'a', version, value });
      }
      assert.equal(await store.get('things', 'b'), undefined);
      assert.equal(await store.get('others', 'a'), undefined);
    }),
  );
  test(
    'a change of a value that was read changes nothing in the store',
    withResource(create, async ({ store }) => {
      const value = { list: [1] };
      await store.commit([put('a', value)]);
      value.list.push(2);
      const read = (await store.get('things', 'a'))!.value as { list: number[] };
      read.list.push(3);
      assert.deepEqual((await store.get('things', 'a'))!.value, { list: [1] });
    }),
  );
  test(
    'what is deleted is gone, and deleting it again is no error',
    withResource(create, async ({ store }) => {
      await store.commit([put('a', {}), put('b', {})]);
      for (let i = 0; i < repeats; i++) {
        assert.deepEqual(await store.commit([remove('a')]), [0]);
        assert.equal(await store.get('things', 'a'), undefined);
      }
      assert.deepEqual(await store.commit([put('a', {}, 0)]), [1]);
    }),
  );
  test(
    'ifVersion holds or nothing of the commit happens',
    withResource(create, async ({ store }) => {
      await store.commit([put('a', { n: 1 }, 0)]);
      for (let i = 0; i < repeats; i++) {
        await assert.rejects(store.commit([put('b', {}), put('a', { n: 2 }, 0)]), conflict);
        await assert.rejects(store.commit([put('b', {}), remove('a', 7)]), conflict);
        await assert.rejects(store.commit([remove('a'), put('c', {}, 1)]), {
          ...conflict,
          details: { collection: 'things', id: 'c', expected: 1, actual: 0 },
        });
      }
      assert.equal(await store.get('things', 'b'), undefined);
      assert.deepEqual(await store.get('things', 'a'), { id: 'a', version: 1, value: { n: 1 } });
      assert.deepEqual(await store.commit([put('a', { n: 2 }, 1), remove('a', 2), remove('a', 0)]), [2, 0, 0]);
    }),
  );
  test(
    'changes of one commit see each other, in order',
    withResource(create, async ({ store }) => {
      assert.deepEqual(await store.commit([put('a', {}, 0), put('a', { n: 2 }, 1), put('a', { n: 3 })]), [1, 2, 3]);
      assert.deepEqual(await store.commit([]), []);
    }),
  );
  test(
    'of commits at the same time that expect one version, one wins',
    withResource(create, async ({ store }) => {
      for (let version = 0; version < repeats; version++) {
        const tries = Array.from({ length: 8 }, (_, n) => store.commit([put('a', { n }, version)]));
        const won = (await Promise.allSettled(tries)).filter(({ status }) => status === 'fulfilled');
        assert.equal(won.length, 1);
      }
    }),
  );
  test(
    'many commits at the same time all happen',
    withResource(create, async ({ store }) => {
      const ids = Array.from({ length: 200 }, (_, n) => `id-${n}`);
      await Promise.all(ids.map((id) => store.commit([put(id, { id })])));
      for (const id of ids) assert.deepEqual((await store.get('things', id))?.value, { id });
    }),
  );
}

function refusalTests(create: StoreSuiteOptions['create']): void {
  const deep: { [key: string]: unknown } = {};
  for (let level = 0, at = deep; level < 5_000; level++) at = at['x'] = {};
  const cyclic: { [key: string]: unknown } = {};
  cyclic['self'] = cyclic;
  const values = { deep, cyclic, NaN: { n: NaN }, bigint: { n: 1n }, date: { at: new Date(0) }, list: [], text: 'x' };
  for (const [kind, value] of Object.entries(values))
    test(
      `a value that is not JSON is refused: ${kind}`,
      withResource(create, async ({ store }) => {
        await assert.rejects(store.commit([put('b', {}), put('a', value as JsonObject)]), invalid);
        assert.equal(await store.get('things', 'b'), undefined);
      }),
    );
  test(
    'malformed collections and ids are refused, and never found',
    withResource(create, async ({ store }) => {
      for (const id of ['', 'a\0b', '\ud800', 'x'.repeat(513)]) {
        await assert.rejects(store.commit([put(id, {})]), invalid);
        assert.equal(await store.get('things', id), undefined);
      }
      for (const collection of ['', 'a b', `a'; DROP TABLE documents; --`, '__proto__', 'a"b', 'ä']) {
        await assert.rejects(store.commit([{ op: 'put', collection, id: 'a', value: {} }]), invalid);
        await assert.rejects(store.define(collection, { indexes: [] }), invalid);
        await assert.rejects(store.query(collection, {}), invalid);
        assert.equal(await store.get(collection, 'a'), undefined);
      }
      for (const index of ['', 'a b', 'a,', `a'`, '__proto__', 'a,b,c,d,e'])
        await assert.rejects(store.define('things', { indexes: [index] }), invalid);
    }),
  );
  test(
    'ids that are names in the language of the store are ordinary ids',
    withResource(create, async ({ store }) => {
      for (const id of ['__proto__', 'constructor', `'; DROP TABLE documents; --`, '%', 'ä', '😀', ' ', 'a/../b']) {
        assert.deepEqual(await store.commit([put(id, { id })]), [1]);
        assert.deepEqual((await store.get('things', id))?.value, { id });
      }
    }),
  );
}

function sharingTests(create: StoreSuiteOptions['create']): void {
  test('what is acknowledged is there after closing and opening again', async (t) => {
    await withResource(create, async ({ store, reopen }) => {
      if (!reopen) return t.skip('does not outlive the process');
      await store.define('things', { indexes: ['n'] });
      await store.commit(Array.from({ length: 5 }, (_, n) => put(`id-${n}`, { n })));
      const { cursor } = await store.query('things', { orderBy: { field: 'n' }, limit: 2 });
      const again = await reopen();
      await again.define('things', { indexes: ['n'] });
      assert.deepEqual(await again.get('things', 'id-4'), { id: 'id-4', version: 1, value: { n: 4 } });
      const rest = await again.query('things', { orderBy: { field: 'n' }, after: cursor! });
      assert.deepEqual(
        rest.documents.map(({ id }) => id),
        ['id-2', 'id-3', 'id-4'],
      );
    })();
  });
  test('two hosts that share the data see and respect each other', async (t) => {
    await withResource(create, async ({ store, share }) => {
      if (!share) return t.skip('cannot be shared');
      const other = await share();
      const abort = new AbortController();
      const events = other.follow({ signal: abort.signal })[Symbol.asyncIterator]();
      // A change of its own tells that the other one follows.
      const first = events.next();
      await other.commit([put('own', {})]);
      assert.equal((await first).value?.id, 'own');
      const second = events.next();
      assert.deepEqual(await store.commit([put('a', {}, 0)]), [1]);
      assert.equal((await second).value?.id, 'a');
      await assert.rejects(other.commit([put('a', {}, 0)]), conflict);
      assert.deepEqual(await other.commit([put('a', {}, 1)]), [2]);
      assert.equal((await store.get('things', 'a'))?.version, 2);
      abort.abort();
      assert.equal((await events.next()).done, true);
    })();
  });
}
