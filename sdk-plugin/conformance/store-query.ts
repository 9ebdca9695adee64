import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json, JsonObject, Store, StoreQuery } from '@soulbox/plugin-sdk';
import { withResource } from './with-resource.ts';

const invalid = { code: 'invalid_params' };

async function fill(store: Store, values: readonly JsonObject[]): Promise<void> {
  await store.define('things', { indexes: ['tag', 'n', 'tag,n'] });
  const puts = values.map((value, index) => ({ op: 'put', collection: 'things', id: `id-${index}`, value }) as const);
  await store.commit(puts);
}

async function ids(store: Store, query: StoreQuery): Promise<string[]> {
  return (await store.query('things', query)).documents.map(({ id }) => id);
}

/** All pages of a query, each no larger than asked for. */
async function pages(store: Store, query: StoreQuery & { readonly limit: number }): Promise<string[]> {
  const all: string[] = [];
  for (let after: string | null | undefined; after !== null;) {
    const page = await store.query('things', { ...query, ...(after === undefined ? {} : { after }) });
    assert.ok(page.documents.length <= query.limit);
    all.push(...page.documents.map(({ id }) => id));
    after = page.cursor;
  }
  return all;
}

/** The part of the suite of Store that is about queries. */
export function storeQueryTests(create: () => Promise<{ readonly store: Store; dispose(): Promise<void> }>): void {
  test(
    'query: conditions compare value and type, and absent is null',
    withResource(create, async ({ store }) => {
      const tags: Json[] = ['1', 1, true, null, 'é😀\0x', 'é😀\0y', ['1'], '["1"]', 2 ** 60, '', 'true', 1.5, { a: 1 }];
      await fill(store, [...tags.map((tag) => ({ tag })), {}]);
      for (const [index, tag] of tags.entries()) {
        if (typeof tag === 'object' && tag !== null) continue;
        const expected = tag === null ? ['id-13', 'id-3'] : [`id-${index}`];
        assert.deepEqual(await ids(store, { where: { tag } }), expected, JSON.stringify(tag));
      }
      assert.deepEqual(await ids(store, { where: { tag: 1, n: null } }), ['id-1']);
      assert.deepEqual(await ids(store, { where: { tag: 1, n: 1 } }), []);
    }),
  );
  test(
    'query: documents are ordered by a field, null first, numbers before strings, ties by id',
    withResource(create, async ({ store }) => {
      await fill(store, [
        { n: 'b' },
        { n: 10 },
        {},
        { n: '\uffff' },
        { n: 9 },
        { n: null },
        { n: '😀' },
        { n: -1 },
        { n: 9 },
      ]);
      const expected = ['id-2', 'id-5', 'id-7', 'id-4', 'id-8', 'id-1', 'id-0', 'id-3', 'id-6'];
      for (const limit of [1, 2, 4, 9, 100]) {
        assert.deepEqual(await pages(store, { orderBy: { field: 'n' }, limit }), expected);
        assert.deepEqual(
          await pages(store, { orderBy: { field: 'n', descending: true }, limit }),
          expected.toReversed(),
        );
        assert.deepEqual(
          await pages(store, { limit }),
          Array.from({ length: 9 }, (_, n) => `id-${n}`),
        );
      }
    }),
  );
  test(
    'query: pages combine conditions and order, and hold 100 documents unless told',
    withResource(create, async ({ store }) => {
      await fill(
        store,
        Array.from({ length: 250 }, (_, n) => ({ tag: n % 2 === 0 ? 'even' : 'odd', n: 1000 - n })),
      );
      const where = { tag: 'odd' };
      const found = await pages(store, { where, orderBy: { field: 'n' }, limit: 7 });
      assert.deepEqual(
        found,
        Array.from({ length: 125 }, (_, n) => `id-${249 - 2 * n}`),
      );
      const page = await store.query('things', { where });
      assert.equal(page.documents.length, 100);
      assert.deepEqual(page.documents[0]?.value, { tag: 'odd', n: 999 });
      assert.equal((await store.query('things', { limit: 250 })).cursor, null);
    }),
  );
  test(
    'query: a page is not disturbed by changes before it',
    withResource(create, async ({ store }) => {
      await fill(
        store,
        Array.from({ length: 6 }, (_, n) => ({ n })),
      );
      const { cursor } = await store.query('things', { orderBy: { field: 'n' }, limit: 3 });
      await store.commit([
        { op: 'delete', collection: 'things', id: 'id-2' },
        { op: 'put', collection: 'things', id: 'new', value: { n: 0.5 } },
      ]);
      assert.deepEqual(await ids(store, { orderBy: { field: 'n' }, after: cursor! }), ['id-3', 'id-4', 'id-5']);
    }),
  );
  test(
    'query: fields named like members of every object are ordinary fields',
    withResource(create, async ({ store }) => {
      await store.define('things', { indexes: ['constructor'] });
      await store.commit([
        { op: 'put', collection: 'things', id: 'a', value: {} },
        { op: 'put', collection: 'things', id: 'b', value: { constructor: 1 } },
      ]);
      assert.deepEqual(await pages(store, { orderBy: { field: 'constructor' }, limit: 1 }), ['a', 'b']);
      assert.deepEqual(await ids(store, { where: { constructor: 1 } }), ['b']);
    }),
  );
  test(
    'query: a cursor is good for its own query only, unchanged',
    withResource(create, async ({ store }) => {
      await fill(
        store,
        Array.from({ length: 4 }, (_, n) => ({ n, tag: 'x' })),
      );
      await store.define('others', { indexes: ['n'] });
      const orderBy = { field: 'n' };
      const after = (await store.query('things', { orderBy, limit: 2 })).cursor!;
      assert.deepEqual(await ids(store, { orderBy, after, limit: 1 }), ['id-2']);
      await assert.rejects(store.query('others', { orderBy, after }), invalid);
      for (const query of [
        {},
        { orderBy: { field: 'tag' } },
        { orderBy: { ...orderBy, descending: true } },
        { orderBy, where: { tag: 'x' } },
      ])
        await assert.rejects(store.query('things', { ...query, after }), invalid);
      const middle = Math.floor(after.length / 2);
      const changed = `${after.slice(0, middle)}${after[middle] === 'A' ? 'B' : 'A'}${after.slice(middle + 1)}`;
      for (const wrong of ['', 'x', '{}', after.slice(0, -4), changed, 'x'.repeat(10_240), '\0', '__proto__'])
        await assert.rejects(store.query('things', { orderBy, after: wrong }), invalid);
    }),
  );
  test(
    'query: undeclared or malformed fields, conditions and limits are refused',
    withResource(create, async ({ store }) => {
      await fill(store, [{ n: 1 }]);
      const bad: unknown[] = [
        { where: { other: 1 } },
        { orderBy: { field: 'other' } },
        { where: JSON.parse('{"__proto__": 1}') as unknown },
        { where: { "n') OR 1=1 --": 1 } },
        { orderBy: { field: "n') --" } },
        { where: { n: { $ne: 1 } } },
        { where: { n: undefined } },
        { where: { n: NaN } },
        { where: [] },
        { limit: 0 },
        { limit: 1001 },
        { limit: 1.5 },
        { after: 1 },
        { surprise: true },
      ];
      for (const query of bad)
        await assert.rejects(store.query('things', query as StoreQuery), invalid, JSON.stringify(query));
      await assert.rejects(store.query('undeclared', { where: { n: 1 } }), invalid);
    }),
  );
}
