import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delay, unlessAborted, withDeadline } from '../src/deadline.ts';

const never = () => new Promise<never>(() => {});
const late = () => new Error('late');
const timers = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;

test('work within its deadline answers as it would without', async () => {
  const before = timers();
  assert.equal(await withDeadline(Promise.resolve(5), 60_000, late), 5);
  await assert.rejects(withDeadline(Promise.reject(new Error('own')), 60_000, late), /own/);
  assert.equal(timers(), before);
});

test('work that takes longer is given up, and its late failure is not unheard', async () => {
  let fail: ((error: Error) => void) | undefined;
  const work = new Promise<never>((_, reject) => (fail = reject));
  await assert.rejects(withDeadline(work, 5, late), /late/);
  await assert.rejects(withDeadline(never(), 5, late), /late/);
  fail?.(new Error('much later'));
  await new Promise((resolve) => setImmediate(resolve));
});

test('waiting ends with the work or with the signal, and leaves no listener', async () => {
  const controller = new AbortController();
  assert.equal(await unlessAborted(Promise.resolve(5), controller.signal), 5);
  await assert.rejects(unlessAborted(Promise.reject(new Error('own')), controller.signal), /own/);
  const waiting = unlessAborted(never(), controller.signal);
  controller.abort();
  assert.equal(await waiting, undefined);
  assert.equal(await unlessAborted(Promise.resolve(5), controller.signal), undefined);
});

test('a delay ends by itself, or as soon as it is aborted, and leaves no timer', async () => {
  const before = timers();
  await delay(1, new AbortController().signal);
  const controller = new AbortController();
  const waiting = delay(600_000, controller.signal);
  controller.abort();
  await waiting;
  await delay(600_000, controller.signal);
  assert.equal(timers(), before);
});
