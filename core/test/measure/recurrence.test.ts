import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recurrence } from '../../src/measure/recurrence.ts';

const told = (recurrence: Recurrence, times: number, now: number) =>
  Array.from({ length: times }, (_, index) => index + 1).filter(() => recurrence.worthTelling(now));

test('a problem is told the 1st, 10th, 100th and 1000th time', () => {
  assert.deepEqual(told(new Recurrence(), 1_500, 5), [1, 10, 100, 1_000]);
});

test('after a calm spell it is told as if it were new', () => {
  const recurrence = new Recurrence();
  assert.deepEqual(told(recurrence, 5, 1_000), [1]);
  assert.deepEqual(told(recurrence, 5, 601_000), [5]);
  assert.deepEqual(told(recurrence, 5, 1_201_001), [1]);
});
