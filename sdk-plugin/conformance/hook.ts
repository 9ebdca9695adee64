import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { describe, test } from 'node:test';
import type { HookArguments, HookName, Hooks } from '@soulbox/plugin-sdk';
import type { TestHost } from '../testing/test-host.ts';
import { sampleArguments } from './hook-samples.ts';
import { withPlugin, type StartedPlugin } from './started-plugin.ts';

/** A call of a hook and what the plugin shall make of it. */
export type HookCall = {
  [N in HookName]: {
    readonly hook: N;
    readonly args: HookArguments<Hooks[N]>;
    /** The answer of a bail hook, the final value of a waterfall; absent where any of the right shape will do. */
    readonly answer?: unknown;
  };
}[HookName];

export interface HookSuiteOptions extends StartedPlugin {
  readonly name?: string;
  /** Hooks that it taps; each is called with arguments as a host would give. */
  readonly taps: readonly HookName[];
  /** Calls of which the answer is known, by what they show. */
  readonly calls?: Readonly<Record<string, HookCall>>;
}

const repeats = 10;
const together = 20;

/** Registers the tests that the taps of every plugin pass. */
export function hookSuite(options: HookSuiteOptions): void {
  const { name = 'hooks', taps, calls = {} } = options;
  describe(`conformance: ${name}`, () => {
    for (const hook of taps) tapTests(options, hook);
    for (const [shows, call] of Object.entries(calls)) {
      test(
        `${call.hook}: ${shows}`,
        withPlugin(options, async (host) => {
          const answer = await callTap(host, options.plugin, call.hook, structuredClone(call.args));
          if ('answer' in call) assert.deepEqual(answer, call.answer);
        }),
      );
    }
  });
}

function tapTests(options: HookSuiteOptions, hook: HookName): void {
  const { plugin } = options;
  const sample = () => sampleArguments(hook) ?? assert.fail(`${hook} is no hook of the host: give calls of it`);
  test(
    `${hook}: is tapped, and answers in time with the right shape, again and again`,
    withPlugin(options, async (host) => {
      for (let n = 0; n < repeats; n++) await callTap(host, plugin, hook, sample());
    }),
  );
  test(
    `${hook}: leaves what it is given as it was`,
    withPlugin(options, async (host) => {
      const given = sample();
      await callTap(host, plugin, hook, given);
      assert.ok(isDeepStrictEqual(given, sample()), 'a tap changed its arguments instead of returning a changed copy');
    }),
  );
  test(
    `${hook}: answers many calls at once`,
    withPlugin(options, async (host) => {
      await Promise.all(Array.from({ length: together }, () => callTap(host, plugin, hook, sample())));
    }),
  );
  test(
    `${hook}: is tapped until the plugin has stopped`,
    withPlugin(options, async (host) => {
      assert.notDeepEqual(metricsOf(host, plugin, hook), [], `plugin ${plugin} does not tap ${hook}`);
      await host.stop();
      assert.deepEqual(metricsOf(host, plugin, hook), []);
    }),
  );
}

function metricsOf(host: TestHost, plugin: string, hook: HookName) {
  return host.host.hooks.metrics(plugin).filter((tap) => tap.hook === hook);
}

/**
 * Calls a hook as the host does. The host only passes over a tap that fails where the hook's policy is to isolate it,
 * so that its count of failures is what tells.
 */
async function callTap(host: TestHost, plugin: string, hook: HookName, args: unknown[]): Promise<unknown> {
  const call = host.host.hooks.call.bind(host.host.hooks) as (name: HookName, ...rest: unknown[]) => Promise<unknown>;
  const answer = await call(hook, ...args);
  const taps = metricsOf(host, plugin, hook);
  assert.ok(taps.length > 0, `plugin ${plugin} does not tap ${hook}`);
  assert.ok(
    taps.every(({ errors }) => errors === 0),
    `${hook}: the tap failed, was late, or answered with a value of the wrong shape`,
  );
  return answer;
}
