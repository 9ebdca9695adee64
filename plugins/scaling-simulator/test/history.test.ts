import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStore } from '@soulbox/plugin-sdk/testing';
import { readHistory } from '../src/history.ts';

const record = (second: number) => ({
  tenant: 'a',
  language: 'lisp',
  status: 'settled',
  createdAt: new Date(second * 1_000).toISOString(),
  result: { usage: { wallMs: 5 } },
});

test('the history is all that was settled, over many pages, in order; what is not understood is passed over', async () => {
  const store = new MemoryStore();
  await store.define('executions', { indexes: ['status,createdAt'] });
  for (let n = 0; n < 1_100; n++)
    await store.commit([{ op: 'put', collection: 'executions', id: `e${n}`, value: record(n) }]);
  await store.commit([{ op: 'put', collection: 'executions', id: 'odd', value: { ...record(5), tenant: 1 } }]);
  const trace = await readHistory(store, new AbortController().signal);
  assert.equal(trace.length, 1_100);
  assert.deepEqual(trace[3], { at: 3_000, language: 'lisp', tenant: 'a', runMs: 5 });
  await assert.rejects(readHistory(store, AbortSignal.abort()), { code: 'cancelled' });
});
