import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inputJsonSchema, type Plugin } from '@soulbox/plugin-sdk';
import { createTestHost, type TestHost, type TestHostOptions } from '../testing/test-host.ts';
import { openFiles, processListeners, Traces } from './lifecycle-traces.ts';

export interface LifecycleSuiteOptions {
  readonly name?: string;
  readonly plugin: Plugin;
  /** The folder of its package.json: it is then run in a process of its own. */
  readonly isolated?: URL | undefined;
  /** The content of its package.json, for a plugin that taps a privileged hook: without one it may not. */
  readonly packageJson?: unknown;
  /** Settings with which it works on this machine; by default none. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Settings that it must refuse, by what is wrong with them. */
  readonly badConfigs: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Other plugins that it needs, by their ids. */
  readonly plugins?: NonNullable<TestHostOptions['plugins']>;
  /** Whether it is a transport that shall listen. */
  readonly listen?: boolean;
}

/** A process of its own takes what it held with it, so that less often is enough to see what the host keeps of it. */
const cyclesOf = ({ isolated }: LifecycleSuiteOptions): number => (isolated ? 3 : 10);

/** Registers the tests of starting and stopping that every plugin passes. It may skip itself, but then each time. */
export function lifecycleSuite(options: LifecycleSuiteOptions): void {
  describe(`conformance: ${options.name ?? 'lifecycle'}`, () => {
    stoppingTests(options);
    // In a process of its own it cannot be made to offer nothing, and a host has one provider of each such service.
    const only = options.plugin.definition.provides?.some(({ kind }) => kind === 'one') === true;
    if (!options.isolated || !only) configTests(options);
  });
}

type PluginRecord = TestHost['host']['plugins'][number];

function recordOf(host: TestHost, { plugin }: LifecycleSuiteOptions): PluginRecord {
  const record = host.host.plugins.find(({ id }) => id === plugin.definition.id);
  assert.ok(record);
  return record;
}

function start(
  options: LifecycleSuiteOptions,
  change: { config?: Readonly<Record<string, unknown>>; dataDir?: string; needed?: boolean } = {},
): Promise<TestHost> {
  const { plugin, isolated, packageJson, config = {}, plugins, listen = false } = options;
  const settings = { config: change.config ?? config };
  const subject = isolated
    ? { folder: fileURLToPath(isolated), isolation: 'process' as const, ...settings }
    : { plugin, ...settings, ...(packageJson === undefined ? {} : { packageJson }) };
  return createTestHost({
    plugins: { ...plugins, [plugin.definition.id]: subject },
    listen,
    without: change.needed === false ? [] : (plugin.definition.provides ?? []).map(({ id }) => id),
    ...(change.dataDir === undefined ? {} : { config: { host: { dataDir: change.dataDir } } }),
  });
}

function assertWorks(record: PluginRecord): void {
  const { state, reason } = record;
  assert.ok(state === 'active' || state === 'skipped', `${state}: ${reason}`);
}

async function assertStopsCleanly(host: TestHost, options: LifecycleSuiteOptions): Promise<void> {
  const record = recordOf(host, options);
  const { state } = record;
  await host.stop();
  const skipped = state === 'skipped';
  assert.equal(record.state, skipped ? 'skipped' : 'stopped', `${record.state}: ${record.reason}`);
  if (!skipped) assert.equal(record.reason, null, 'it did not give everything back in time, or threw');
}

async function cycle(options: LifecycleSuiteOptions, dataDir: string): Promise<void> {
  const host = await start(options, { dataDir });
  try {
    assertWorks(recordOf(host, options));
    await host.call('plugins.list');
    assertWorks(recordOf(host, options));
  } finally {
    await assertStopsCleanly(host, options);
  }
}

function stoppingTests(options: LifecycleSuiteOptions): void {
  const cycles = cyclesOf(options);
  test(`${cycles} starts and stops on the same data leave no resource, listener or file`, async () => {
    // What is loaded once and kept for good is not a leak.
    await (await start(options)).stop();
    const before = { listeners: processListeners(), open: openFiles() };
    const traces = await Traces.watch();
    try {
      const dataDir = await traces.ownFolder();
      for (let n = 0; n < cycles; n += 1) await cycle(options, dataDir);
      assert.deepEqual(await traces.resources(), []);
      assert.deepEqual(await traces.files(), []);
      assert.deepEqual({ listeners: processListeners(), open: openFiles() }, before);
    } finally {
      await traces.dispose();
    }
  });
  test('stopping twice is harmless', async () => {
    const host = await start(options);
    await Promise.all([host.stop(), assertStopsCleanly(host, options)]);
    await host.stop();
  });
  test('two hosts in one process do not disturb each other', async () => {
    const [first, second] = await Promise.all([start(options), start(options)]);
    try {
      assertWorks(recordOf(first, options));
      await assertStopsCleanly(first, options);
      await second.call('plugins.list');
      assertWorks(recordOf(second, options));
    } finally {
      await first.stop();
      await assertStopsCleanly(second, options);
    }
  });
}

/** Whether its settings are a closed list: a schema may be open on purpose, for what it hands on to others. */
function namesItsSettings({ definition: { config } }: Plugin): boolean {
  return config !== undefined && !inputJsonSchema(config)['additionalProperties'];
}

function configTests(options: LifecycleSuiteOptions): void {
  const { plugin, config = {}, badConfigs } = options;
  // Offers nothing, so that a host can do without it, whatever it is: it gets no further than its settings.
  const candidate = { ...options, plugin: { ...plugin, definition: { ...plugin.definition, provides: [] } } };
  const unknown = namesItsSettings(plugin) ? { 'an unknown setting': { ...config, settingOfNobody: 1 } } : {};
  for (const [what, bad] of Object.entries({ ...unknown, ...badConfigs })) {
    test(`settings are refused, and the host goes on: ${what}`, async () => {
      await using host = await start(candidate, { config: bad, needed: false });
      const { state, error } = recordOf(host, candidate);
      assert.equal(state, 'failed');
      assert.equal(error?.code, 'config_invalid', error?.message);
      assert.ok(await host.call('host.info'));
    });
  }
}
