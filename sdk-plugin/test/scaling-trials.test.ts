import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scalingPolicySuite } from '@soulbox/plugin-sdk/conformance';
import { ScalingTrials, type PoolUse, type ProgramUse, type ScalingDecider } from '@soulbox/plugin-sdk';

class Counting implements ScalingDecider {
  private asked = 0;
  boxes() {
    return { want: (this.asked += 1) };
  }
  programs() {
    return { want: (this.asked += 10) };
  }
  gone() {
    this.asked = 0;
  }
}
const boxes = {} as PoolUse;
const programs = {} as ProgramUse;

test('each trial has a decider of its own until it ends', async () => {
  const trials = new ScalingTrials(() => new Counting());
  const [one, two] = [await trials.begin(), await trials.begin()];
  assert.equal((await trials.boxes(one, { want: 0 }, boxes)).want, 1);
  assert.equal((await trials.programs(one, { want: 0 }, programs)).want, 11);
  assert.equal((await trials.boxes(two, { want: 0 }, boxes)).want, 1);
  await trials.gone(one, 'box');
  assert.equal((await trials.boxes(one, { want: 0 }, boxes)).want, 1);
  await trials.end(one);
  await trials.end(one);
  await assert.rejects(trials.boxes(one, { want: 0 }, boxes), { code: 'not_found' });
});

test('so many trials at once are refused', async () => {
  const trials = new ScalingTrials(() => new Counting());
  for (let n = 0; n < 32; n++) await trials.begin();
  await assert.rejects(trials.begin(), { code: 'overloaded' });
});

scalingPolicySuite({
  create: async () => ({ policy: new ScalingTrials(() => new Counting()), dispose: async () => {} }),
});
