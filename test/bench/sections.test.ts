import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '../support/needs.ts';
import { benchHooks } from './hooks.ts';
import { benchHostCost } from './host-cost.ts';
import { benchStart } from './start.ts';

test('hooks are compared, with figures for every case', async () => {
  const figures = await benchHooks(5);
  assert.equal(Object.keys(figures).length, 4);
  for (const { p50, p95, ratio } of Object.values(figures)) assert.ok(p50 > 0 && p95 >= p50 && ratio > 0);
});

test('what an execution costs the host is measured, for one client and for many', async () => {
  const rows = await benchHostCost(40);
  assert.deepEqual([...new Set(rows.map(({ clients }) => clients))], [1, 32]);
  for (const { calls, perSecond, p50Ms, p95Ms, cpuUs, mainThreadUs } of rows) {
    assert.equal(calls, 40);
    assert.ok(perSecond > 0 && p50Ms > 0 && p95Ms >= p50Ms && cpuUs >= mainThreadUs);
  }
});

test('starts are measured up to a first result', { skip: needs('python3') }, async () => {
  const rows = await benchStart(1);
  assert.equal(rows.length, 3);
  for (const { listeningMs, firstResultMs } of rows) assert.ok(firstResultMs > (listeningMs ?? 0));
});
