import assert from 'node:assert/strict';
import { test } from 'node:test';
import { benchHooks } from './hooks.ts';

test('each comparison runs, and gives figures for every case', async () => {
  const figures = await benchHooks(5);
  assert.equal(Object.keys(figures).length, 4);
  for (const { p50, p95, ratio } of Object.values(figures)) assert.ok(p50 > 0 && p95 >= p50 && ratio > 0);
});
