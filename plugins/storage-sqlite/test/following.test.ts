import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreEvent } from '@soulbox/plugin-sdk';
import { createFixture } from './fixture.ts';
import type { SqliteStore } from '../src/sqlite-store.ts';

const { signal } = new AbortController();

async function putMany(store: SqliteStore, count: number): Promise<void> {
  for (let n = 0; n < count; n++)
    await store.commit([{ op: 'put', collection: 'things', id: `id-${n % 10}`, value: {} }]);
}

async function next(store: SqliteStore, after: number): Promise<StoreEvent> {
  for await (const event of store.follow({ after, signal })) return event;
  throw new assert.AssertionError({ message: 'the follower ended' });
}

test('old changes are dropped by number; who needs them is told, who does not goes on', async () => {
  const { store, dispose } = await createFixture({ keepChanges: 100 });
  try {
    await putMany(store, 1_100);
    await assert.rejects(next(store, 0), { code: 'conflict' });
    await assert.rejects(next(store, 899), { code: 'conflict' });
    assert.equal((await next(store, 900)).sequence, 901);
    assert.equal((await next(store, 1_099)).sequence, 1_100);
  } finally {
    await dispose();
  }
});

test('old changes are dropped by age, but never the newest', async () => {
  const { store, reopen, dispose } = await createFixture({ keepChangesMs: 1 });
  try {
    await putMany(store, 1_000);
    await assert.rejects(next(store, 998 - 500), { code: 'conflict' });
    assert.equal((await next(store, 999)).sequence, 1_000);
    const again = await reopen();
    await putMany(again, 1);
    assert.equal((await next(again, 1_000)).sequence, 1_001);
  } finally {
    await dispose();
  }
});

test('a follower of a collection that is quiet passes over what is dropped of others', async () => {
  const { store, dispose } = await createFixture({ keepChanges: 300 });
  const events = store.follow({ collections: ['quiet'], signal })[Symbol.asyncIterator]();
  try {
    const first = events.next();
    // In the end the changes that were there at first are gone.
    for (let round = 0; round < 5; round += 1) {
      await putMany(store, 240);
      await sleep(400);
    }
    await store.commit([{ op: 'put', collection: 'quiet', id: 'a', value: {} }]);
    assert.deepEqual(await first, {
      done: false,
      value: { sequence: 1_201, collection: 'quiet', id: 'a', op: 'put', version: 1 },
    });
  } finally {
    await events.return?.();
    await dispose();
  }
});

test('followers of a store that is closed fail, waiting or not', async () => {
  const { store, dispose } = await createFixture();
  const closed = { code: 'storage_failed', message: 'the store is closed' };
  const waiting = assert.rejects(next(store, 0), closed);
  const fromNow = store.follow({ signal })[Symbol.asyncIterator]();
  await store.ping();
  await dispose();
  await waiting;
  await assert.rejects(fromNow.next(), closed);
  await assert.rejects(store.follow({ signal })[Symbol.asyncIterator]().next(), closed);
  await assert.rejects(store.get('things', 'a'), closed);
});

test('what was asked before the store closes is answered', async () => {
  const { store, dispose, reopen } = await createFixture();
  const written = store.commit([{ op: 'put', collection: 'things', id: 'a', value: {} }]);
  await Promise.all([store.close(), store.close()]);
  assert.deepEqual(await written, [1]);
  assert.equal((await (await reopen()).get('things', 'a'))?.version, 1);
  await dispose();
});
