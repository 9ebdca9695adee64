import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PoolUse, ProgramUse, ScalingPolicy } from '@soulbox/plugin-sdk';
import { sampleArguments } from './hook-samples.ts';
import { withResource } from './with-resource.ts';

export interface ScalingPolicyFixture {
  readonly policy: ScalingPolicy;
  dispose(): Promise<void>;
}

export interface ScalingPolicySuiteOptions {
  readonly name?: string;
  /** Makes what a test needs; called for each. */
  readonly create: () => Promise<ScalingPolicyFixture>;
}

const [, pool] = sampleArguments('scaling.signal') as [unknown, PoolUse];
const [, program] = sampleArguments('scaling.programs') as [unknown, ProgramUse];
const stepMs = 1_000;
const steps = 50;

/** What a policy answers in a trial of a minute or so of demand. */
async function answers(policy: ScalingPolicy, trial: string): Promise<number[]> {
  const wanted: number[] = [];
  for (let step = 0; step < steps; step++) {
    const at = pool.at + step * stepMs;
    const boxes = await policy.boxes(trial, { want: 1 }, { ...pool, taken: step, at });
    const use = { ...program, sandboxId: `box-${step % 3}`, uses: Math.floor(step / 3) + 1, usedAt: at, at };
    const programs = await policy.programs(trial, { want: 2 }, use);
    wanted.push(boxes.want, programs.want);
    if (step % 10 === 9) await policy.gone(trial, `box-${step % 3}`);
  }
  return wanted;
}

/** Registers the tests that every {@link ScalingPolicy} passes. */
export function scalingPolicySuite({ name = 'scaling policy', create }: ScalingPolicySuiteOptions): void {
  const withPolicy = (body: (policy: ScalingPolicy) => Promise<void>) =>
    withResource(create, ({ policy }) => body(policy));
  describe(`conformance: ${name}`, () => {
    test(
      'it answers with whole numbers in range',
      withPolicy(async (policy) => {
        const trial = await policy.begin();
        for (const want of await answers(policy, trial))
          assert.ok(Number.isInteger(want) && want >= 0 && want <= 10_000);
        await policy.end(trial);
      }),
    );
    test(
      'trials share nothing: asked the same, each answers the same',
      withPolicy(async (policy) => {
        const [one, two] = [await policy.begin(), await policy.begin()];
        assert.notEqual(one, two);
        const first = await answers(policy, one);
        assert.deepEqual(await answers(policy, two), first);
        const third = await policy.begin();
        assert.deepEqual(await answers(policy, third), first);
        for (const trial of [one, two, third]) await policy.end(trial);
      }),
    );
    test(
      'a trial that has ended is not there, and ending it again is no error',
      withPolicy(async (policy) => {
        const trial = await policy.begin();
        await policy.end(trial);
        await policy.end(trial);
        await assert.rejects(policy.boxes(trial, { want: 1 }, pool), { code: 'not_found' });
        await assert.rejects(policy.programs(trial, { want: 1 }, program), { code: 'not_found' });
        await assert.rejects(policy.gone(trial, 'box'), { code: 'not_found' });
      }),
    );
  });
}
