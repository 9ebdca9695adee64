import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Collection, z } from '@soulbox/plugin-sdk';
import { MemoryStore } from '@soulbox/plugin-sdk/testing';

const Shape = z.object({ tenant: z.string(), count: z.number() });

test('a collection has documents of one shape', async () => {
  const store = new MemoryStore();
  const things = await Collection.open(store, 'things', Shape, ['tenant']);
  await things.put({ id: 'a', tenant: 't', count: 1 });
  await things.put({ id: 'b', tenant: 'u', count: 2 });
  await things.put({ id: 'a', tenant: 't', count: 3 });
  assert.deepEqual(await things.get('a'), { id: 'a', tenant: 't', count: 3 });
  assert.equal(await things.get('c'), undefined);
  assert.deepEqual(await things.list({ where: { tenant: 'u' } }), [{ id: 'b', tenant: 'u', count: 2 }]);
  await assert.rejects(things.put({ id: 'a', tenant: 't', count: 4 }, { isNew: true }), { code: 'conflict' });
  await things.remove('a', 'c');
  await things.remove();
  assert.deepEqual(
    (await things.list()).map(({ id }) => id),
    ['b'],
  );
});

test('a collection lists more than a page has, and tells of what another version wrote', async () => {
  const store = new MemoryStore();
  const things = await Collection.open(store, 'things', Shape, []);
  const ids = Array.from({ length: 1_500 }, (_, index) => `n${String(index).padStart(4, '0')}`);
  await store.commit(
    ids.map((id) => ({ op: 'put', collection: 'things', id, value: { tenant: 't', count: 0, more: true } })),
  );
  const all = await things.list();
  assert.deepEqual(
    all.map(({ id }) => id),
    ids,
  );
  assert.deepEqual(all[0], { id: 'n0000', tenant: 't', count: 0 });
  await store.commit([{ op: 'put', collection: 'things', id: 'odd', value: { tenant: 1 } }]);
  await assert.rejects(things.get('odd'), { code: 'internal' });
  await assert.rejects(things.list(), { code: 'internal' });
});
