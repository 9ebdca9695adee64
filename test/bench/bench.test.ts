import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noEngine } from '../support/docker/engine.ts';
import type { Figures } from './compare.ts';
import { benchDrivers } from './drivers.ts';
import { benchHooks } from './hooks.ts';

function assertFigures(figures: Readonly<Record<string, Figures>>, cases: number): void {
  assert.equal(Object.keys(figures).length, cases);
  for (const { p50, p95, ratio } of Object.values(figures)) assert.ok(p50 > 0 && p95 >= p50 && ratio > 0);
}

test('hooks are compared, with figures for every case', async () => {
  assertFigures(await benchHooks(5), 4);
});

test('drivers are compared, with figures for every case', { skip: noEngine }, async () => {
  const figures = Object.values(await benchDrivers(3));
  assert.equal(figures.length, 2);
  for (const each of figures) assertFigures(each, 3);
});
