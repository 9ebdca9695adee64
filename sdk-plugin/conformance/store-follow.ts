import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store, StoreEvent } from '@soulbox/plugin-sdk';
import { withResource } from './with-resource.ts';

/** The next `count` changes, whose sequences must grow; then the follower leaves. */
async function take(events: AsyncIterable<StoreEvent>, count: number): Promise<Omit<StoreEvent, 'sequence'>[]> {
  const taken: Omit<StoreEvent, 'sequence'>[] = [];
  let last = -1;
  for await (const { sequence, ...event } of events) {
    assert.ok(sequence > last);
    last = sequence;
    if (taken.push(event) === count) break;
  }
  return taken;
}

async function lastSequence(store: Store, write: () => Promise<unknown>): Promise<number> {
  const events = store.follow({ signal: new AbortController().signal })[Symbol.asyncIterator]();
  await write();
  const first = await events.next();
  await events.return?.();
  assert.ok(first.done !== true, 'the change was not followed');
  return first.value.sequence;
}

/** The part of the suite of Store that is about following changes. */
export function storeFollowTests(create: () => Promise<{ readonly store: Store; dispose(): Promise<void> }>): void {
  const { signal } = new AbortController();
  const put = (id: string) => ({ op: 'put', collection: 'things', id, value: {} }) as const;

  test(
    'follow: every change from now on comes once, in order, and none that did not happen',
    withResource(create, async ({ store }) => {
      await store.commit([put('before')]);
      const followers = [take(store.follow({ signal }), 4), take(store.follow({ signal }), 4)];
      await store.commit([put('a'), put('b')]);
      await assert.rejects(store.commit([put('c'), { ...put('a'), ifVersion: 0 }]));
      await store.commit([{ op: 'delete', collection: 'things', id: 'absent' }]);
      await store.commit([put('a')]);
      await store.commit([{ op: 'delete', collection: 'things', id: 'a' }]);
      const expected = [
        { collection: 'things', id: 'a', op: 'put', version: 1 },
        { collection: 'things', id: 'b', op: 'put', version: 1 },
        { collection: 'things', id: 'a', op: 'put', version: 2 },
        { collection: 'things', id: 'a', op: 'delete', version: 0 },
      ];
      assert.deepEqual(await Promise.all(followers), [expected, expected]);
    }),
  );
  test(
    'follow: who names a sequence misses nothing since',
    withResource(create, async ({ store }) => {
      const after = await lastSequence(store, () => store.commit([put('first')]));
      const many = Array.from({ length: 1_200 }, (_, n) => put(`id-${n}`));
      await store.commit(many);
      const events = await take(store.follow({ after, signal }), many.length);
      assert.deepEqual(
        events.map(({ id }) => id),
        many.map(({ id }) => id),
      );
    }),
  );
  test(
    'follow: who asks for some collections hears of nothing else, however much that is',
    withResource(create, async ({ store }) => {
      const after = await lastSequence(store, () => store.commit([put('first')]));
      const collections = ['others', 'more'];
      const followers = [
        take(store.follow({ after, collections, signal }), 3),
        take(store.follow({ collections, signal }), 3),
      ];
      await store.commit(Array.from({ length: 1_200 }, (_, n) => put(`id-${n}`)));
      await store.commit([put('a'), { ...put('b'), collection: 'others' }]);
      await store.commit([put('c')]);
      await store.commit([{ ...put('d'), collection: 'more' }]);
      await store.commit([{ op: 'delete', collection: 'others', id: 'b' }]);
      const expected = [
        { collection: 'others', id: 'b', op: 'put', version: 1 },
        { collection: 'more', id: 'd', op: 'put', version: 1 },
        { collection: 'others', id: 'b', op: 'delete', version: 0 },
      ];
      assert.deepEqual(await Promise.all(followers), [expected, expected]);
    }),
  );
  test(
    'follow: it ends when aborted, also while it waits',
    withResource(create, async ({ store }) => {
      const abort = new AbortController();
      const waiting = take(store.follow({ signal: abort.signal }), 1);
      await store.get('things', 'a');
      abort.abort();
      assert.deepEqual(await waiting, []);
      assert.deepEqual(await take(store.follow({ signal: abort.signal }), 1), []);
    }),
  );
  test(
    'follow: a sequence that has not been yet is a conflict',
    withResource(create, async ({ store }) => {
      await store.commit([put('a')]);
      await assert.rejects(take(store.follow({ after: 1_000_000, signal }), 1), { code: 'conflict' });
    }),
  );
}
