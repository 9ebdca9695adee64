import { join } from 'node:path';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { createTestHost, ScriptedDriver, scriptedSandbox, testPrincipal } from '@soulbox/plugin-sdk/testing';
import { root } from './soulbox.ts';

type Settings = Readonly<Record<string, unknown>>;

export interface CachingHostOptions {
  /** Settings of cache-redis, which is left out where there are none. */
  readonly redis?: Settings;
  /** Settings of cache-memory. */
  readonly memory?: Settings;
}

export interface CacheFigures {
  readonly lookups: number;
  readonly hits: number;
  readonly tiers: readonly { readonly name: string; readonly hits: number; readonly misses: number }[];
}

/** A host with the real caches, in this process, that plays scripts instead of running programs. */
export async function startCachingHost({ redis, memory = {} }: CachingHostOptions = {}) {
  const driver = new ScriptedDriver();
  const folder = (id: string) => join(root, 'plugins', id);
  const host = await createTestHost({
    plugins: {
      'scripted-sandbox': { plugin: scriptedSandbox(driver) },
      'cache-memory': { folder: folder('cache-memory'), config: memory },
      ...(redis ? { 'cache-redis': { folder: folder('cache-redis'), config: redis } } : {}),
      'execution-cache': { folder: folder('execution-cache') },
    },
  });
  return {
    host,
    driver,
    /** Runs a script, and lets a cache answer. */
    run: async (code: string, { tenant = 'test', ...params }: { tenant?: string } & Settings = {}) => {
      const principal = { ...testPrincipal, tenant };
      const given = { language: 'script', code, cache: true, ...params };
      return (await host.call('executions.create', given, { principal })) as ExecutionResult;
    },
    stats: async () => (await host.call('cache.stats')) as CacheFigures,
    [Symbol.asyncDispose]: () => host.stop(),
  };
}
export type CachingHost = Awaited<ReturnType<typeof startCachingHost>>;
