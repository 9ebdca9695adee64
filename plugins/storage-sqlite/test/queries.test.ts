import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StoreQuery } from '@soulbox/plugin-sdk';
import { createFixture, withFolder } from './fixture.ts';
import { ChangeLog } from '../src/change-log.ts';
import { Collections } from '../src/collections.ts';
import { Committer } from '../src/committer.ts';
import type { Connection } from '../src/connection.ts';
import { CursorCodec } from '../src/cursor.ts';
import { openDatabase } from '../src/open-database.ts';
import { PageReader } from '../src/page-reader.ts';

const cursors = new CursorCodec(Buffer.alloc(32, 1));

async function withDocuments(body: (pages: PageReader, db: Connection) => void): Promise<void> {
  await withFolder(async (folder) => {
    const db = openDatabase(join(folder, 'test.db'), 100);
    const collections = new Collections(db);
    collections.define('things', ['tag', 'n', 'tag,n']);
    collections.define('others', ['tag']);
    const text = (n: number) => JSON.stringify({ tag: `tag-${n % 50}`, n });
    const puts = Array.from({ length: 10_000 }, (_, n) => ({ op: 'put', id: `id-${n}`, text: text(n) }) as const);
    const log = new ChangeLog(db, { keepChanges: 1, keepChangesMs: 1 });
    new Committer(db, log).commitAll([puts.map((put) => ({ ...put, collection: 'things', ifVersion: 0 }))]);
    body(new PageReader(db, collections, cursors), db);
    db.close();
  });
}

test('of 10,000 documents each kind of query reads one range of an index, without sorting', async () => {
  await withDocuments((pages, db) => {
    const planOf = (query: StoreQuery): string => {
      const { sql, values } = pages.plan('things', { limit: 10, ...query });
      const steps = db.rows<[number, number, number, string]>(`EXPLAIN QUERY PLAN ${sql}`, ...values);
      return steps.map(([, , , step]) => step).join('; ');
    };
    const orderBy = { field: 'n' };
    const down = { field: 'n', descending: true };
    const next = (query: StoreQuery) => ({ ...query, after: pages.read('things', { limit: 10, ...query }).cursor! });
    const key = '<expr>';
    const expectations: [StoreQuery, string][] = [
      [{ where: { tag: 'tag-7' } }, `INDEX things:tag (collection=? AND ${key}=?)`],
      [{ where: { tag: null } }, `INDEX things:tag (collection=? AND ${key}=?)`],
      [{ where: { tag: 'tag-7' }, orderBy }, `INDEX things:tag,n (collection=? AND ${key}=?)`],
      [{ where: { tag: 'tag-7' }, orderBy: down }, `INDEX things:tag,n (collection=? AND ${key}=?)`],
      [{ orderBy }, 'INDEX things:n (collection=?)'],
      [{ orderBy: down }, 'INDEX things:n (collection=?)'],
      [next({ orderBy }), `INDEX things:n (collection=? AND ${key}>?)`],
      [next({ orderBy: down }), `INDEX things:n (collection=? AND ${key}<?)`],
      [next({ where: { tag: 'tag-7' }, orderBy: down }), `INDEX things:tag,n (collection=? AND ${key}=? AND ${key}<?)`],
      [next({}), 'INDEX sqlite_autoindex_documents_1 (collection=? AND id>?)'],
    ];
    for (const [query, index] of expectations) {
      const plan = planOf(query);
      assert.ok(plan.includes(index), `${JSON.stringify(query)}: ${plan}`);
      assert.ok(!plan.includes('TEMP B-TREE'), `${JSON.stringify(query)}: ${plan}`);
    }
  });
});

test('a page of large documents stops early, and the next one goes on', async () => {
  const { store, dispose } = await createFixture({ maxDocumentBytes: 20_000_000 });
  try {
    const value = { filler: 'x'.repeat(15_000_000) };
    for (const id of ['a', 'b', 'c']) await store.commit([{ op: 'put', collection: 'things', id, value }]);
    const first = await store.query('things', {});
    assert.deepEqual(
      first.documents.map(({ id }) => id),
      ['a', 'b'],
    );
    const second = await store.query('things', { after: first.cursor! });
    assert.deepEqual(
      second.documents.map(({ id }) => id),
      ['c'],
    );
    assert.equal(second.cursor, null);
  } finally {
    await dispose();
  }
});

test('a document over the limit is refused with both sizes', async () => {
  const { store, dispose } = await createFixture({ maxDocumentBytes: 2_000 });
  try {
    const value = { filler: 'é'.repeat(1_000) };
    await assert.rejects(store.commit([{ op: 'put', collection: 'things', id: 'a', value }]), {
      code: 'payload_too_large',
      details: { bytes: 2_013, maxBytes: 2_000 },
    });
    assert.equal(await store.get('things', 'a'), undefined);
  } finally {
    await dispose();
  }
});
