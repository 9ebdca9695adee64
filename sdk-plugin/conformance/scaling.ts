import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HookArguments, Hooks, PoolDemand } from '@soulbox/plugin-sdk';
import { withPlugin, type StartedPlugin } from './started-plugin.ts';

export interface ScalingSuiteOptions extends StartedPlugin {
  readonly name?: string;
}

type State = HookArguments<Hooks['scaling.signal']>[1];

const repeats = 10;
const stateOf = (ready: number, assigned: number): State => ({
  driver: 'scripted',
  image: null,
  ready,
  assigned,
  taken: assigned,
  at: Date.parse('2026-01-01T00:00:00.000Z'),
});
const counts = [0, 1, 2, 7, 64, 1_000];
const states: readonly State[] = counts.flatMap((assigned) => counts.map((ready) => stateOf(ready, assigned)));

/** Registers the tests that every plugin passes which says how many boxes should wait ready. */
export function scalingSuite(options: ScalingSuiteOptions): void {
  const { name = 'scaling', plugin } = options;
  const asking = (body: (ask: (value: PoolDemand, state: State) => Promise<number>) => Promise<void>) =>
    withPlugin(options, async (host) => {
      const ask = async (value: PoolDemand, state: State) => {
        const { want } = await host.host.hooks.call('scaling.signal', value, state);
        const taps = host.host.hooks.metrics(plugin).filter(({ hook }) => hook === 'scaling.signal');
        assert.ok(taps.length > 0, `plugin ${plugin} does not tap scaling.signal`);
        assert.ok(
          taps.every(({ errors }) => errors === 0),
          `the answer for ${JSON.stringify({ value, state })} is late, an error or no whole number from 0 to 10,000`,
        );
        return want;
      };
      await body(ask);
    });
  describe(`conformance: ${name}`, () => {
    test(
      'it answers any demand with a whole number of boxes in range, in time',
      asking(async (ask) => {
        for (const state of states) for (const want of counts) await ask({ want }, state);
      }),
    );
    test(
      'asked again without a change it goes one way, and comes to rest',
      asking(async (ask) => {
        for (const state of states) {
          const answers: number[] = [];
          for (let n = 0; n < repeats; n++) answers.push(await ask({ want: 2 }, state));
          const up = answers.toSorted((a, b) => a - b);
          const oneWay = [up, up.toReversed()].some((sorted) => sorted.join() === answers.join());
          assert.ok(oneWay, `it wavers: ${answers.join()} for ${JSON.stringify(state)}`);
          assert.equal(answers.at(-1), answers.at(-2), `it does not come to rest: ${answers.join()}`);
        }
      }),
    );
    test(
      'more boxes in use never make it want fewer',
      asking(async (ask) => {
        const wanted: number[] = [];
        for (const assigned of counts) wanted.push(await ask({ want: 2 }, stateOf(1, assigned)));
        assert.deepEqual(
          wanted,
          wanted.toSorted((a, b) => a - b),
        );
      }),
    );
  });
}
