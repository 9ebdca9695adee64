import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Epochs, Traffic } from '../src/traffic.ts';

async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => (done = true));
  for (let n = 0; n < 5; n += 1) await turn();
  return done;
}

test('waiting for what is under way heeds what began before, and not what begins after', async () => {
  const epochs = new Epochs();
  assert.equal(await settled(epochs.quiesced()), true, 'nothing was under way');
  const first = epochs.enter();
  const second = epochs.enter();
  const quiet = epochs.quiesced();
  const later = epochs.enter();
  first();
  first();
  assert.equal(await settled(quiet), false, 'the same end counts once');
  second();
  assert.equal(await settled(quiet), true);
  const afterAll = epochs.quiesced();
  assert.equal(await settled(afterAll), false);
  later();
  assert.equal(await settled(afterAll), true);
});

test('a later wait includes what an earlier one still waits for', async () => {
  const epochs = new Epochs();
  const old = epochs.enter();
  const early = epochs.quiesced();
  const late = epochs.quiesced();
  assert.deepEqual([await settled(early), await settled(late)], [false, false]);
  old();
  assert.deepEqual([await settled(early), await settled(late)], [true, true]);
});

test('brief work waits while the door is shut, changes are made one after another, and an error opens it again', async () => {
  const traffic = new Traffic();
  const order: string[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const shut = traffic.door.whileShut(async () => {
    order.push('first');
    await held;
  });
  await turn();
  const failing = traffic.door.whileShut(() => Promise.reject(new Error('no')));
  const work = traffic.briefly(async () => order.push('work'));
  assert.equal(traffic.door.isShut, true);
  assert.equal(await settled(work), false);
  release();
  await shut;
  await assert.rejects(failing, /no/);
  await work;
  assert.deepEqual(order, ['first', 'work']);
  assert.equal(traffic.door.isShut, false);
});
