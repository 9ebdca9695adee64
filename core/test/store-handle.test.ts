import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Store } from '@soulbox/plugin-sdk';
import { MemoryStore } from '@soulbox/plugin-sdk/testing';
import { Services } from '../src/services.ts';
import { StoreHandle } from '../src/store-handle.ts';
import { Traffic } from '../src/traffic.ts';
import { failure } from './support/expect.ts';

test('it is whichever store is there now, and its calls wait while that is replaced', async () => {
  const services = new Services();
  const traffic = new Traffic();
  const store = new StoreHandle(services, traffic);
  await assert.rejects(store.get('things', 'a'), failure('capability_missing'));
  const first = services.provide('a', Store, new MemoryStore());
  await store.define('things', { indexes: [] });
  await store.commit([{ op: 'put', collection: 'things', id: 'a', value: { n: 1 } }]);
  let asked: Promise<unknown> | undefined;
  await traffic.door.whileShut(async () => {
    first[Symbol.dispose]();
    asked = store.get('things', 'a');
    await turn();
    const second = new MemoryStore();
    services.provide('b', Store, second);
    await second.define('things', { indexes: [] });
    await second.commit([{ op: 'put', collection: 'things', id: 'a', value: { n: 2 } }]);
  });
  assert.deepEqual(((await asked) as { value: unknown }).value, { n: 2 });
  assert.equal((await store.query('things', {})).documents.length, 1);
  const abort = new AbortController();
  const events = store.follow({ signal: abort.signal })[Symbol.asyncIterator]();
  const next = events.next();
  await store.commit([{ op: 'put', collection: 'things', id: 'b', value: { n: 3 } }]);
  assert.equal((await next).value?.id, 'b');
  abort.abort();
  assert.equal((await events.next()).done, true);
});
