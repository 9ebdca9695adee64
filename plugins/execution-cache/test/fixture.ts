import { Cache, definePlugin, type ExecutionResult } from '@soulbox/plugin-sdk';
import { createTestHost, ScriptedDriver, scriptedSandbox, testPrincipal } from '@soulbox/plugin-sdk/testing';
import plugin from '../src/index.ts';

/** A cache of a test's own, which it may look into and spoil. */
class MapCache implements Cache {
  readonly entries = new Map<string, Uint8Array>();
  /** The time that the last value was set for. */
  ttlMs: number | undefined;
  /** What a call waits for, or fails with. */
  trouble: () => Promise<void> = async () => {};

  async get(key: string): Promise<Uint8Array | undefined> {
    await this.trouble();
    return this.entries.get(key);
  }

  async set(key: string, value: Uint8Array, ttlMs?: number): Promise<void> {
    await this.trouble();
    this.ttlMs = ttlMs;
    this.entries.set(key, value);
  }

  async delete(key: string): Promise<void> {
    this.entries.delete(key);
  }
}

/** A host with the plugin, a scripted sandbox and two caches: `slow` is provided first, and still asked last. */
export async function cachingHost(config: Record<string, unknown> = {}) {
  const caches = { slow: new MapCache(), memory: new MapCache() };
  const driver = new ScriptedDriver();
  const given = definePlugin({
    id: 'given-caches',
    provides: [Cache],
    setup: (context) => {
      for (const [name, cache] of Object.entries(caches)) context.provide(Cache, cache, name);
    },
  });
  const host = await createTestHost({
    plugins: {
      'given-caches': { plugin: given },
      'scripted-sandbox': { plugin: scriptedSandbox(driver) },
      'execution-cache': { plugin, config },
    },
  });
  const run = (params: object = {}, tenant = 'test') =>
    host.call(
      'executions.create',
      { language: 'script', code: 'out x', cache: true, ...params },
      { principal: { ...testPrincipal, tenant } },
    ) as Promise<ExecutionResult>;
  const stats = () =>
    host.call('cache.stats') as Promise<Record<string, unknown> & { tiers: Record<string, unknown>[] }>;
  const state = async () => {
    await host.call('plugins.list');
    const found = host.host.plugins.find(({ id }) => id === 'execution-cache');
    return { state: found?.state, reason: found?.reason };
  };
  return { host, driver, run, stats, state, ...caches, [Symbol.asyncDispose]: () => host.stop() };
}
