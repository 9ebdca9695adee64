import { AuthProvider, SoulboxError, Store, definePlugin } from '@soulbox/plugin-sdk';
import type { Credentials, Plugin, Principal } from '@soulbox/plugin-sdk';
import { MemoryStore, createTestHost, type TestHost } from '@soulbox/plugin-sdk/testing';

import plugin from '../src/index.ts';

export const signal: AbortSignal = new AbortController().signal;

export const bearer = (value: string): Credentials => ({ scheme: 'bearer', value, remote: '127.0.0.1' });

export function principalOf(scopes: readonly string[], tenant = 'acme', id = 'maker'): Principal {
  return { id, tenant, roles: [], scopes: [...scopes] };
}

/** A store whose reads, commits or feed can be made to fail. */
export class FragileStore extends MemoryStore {
  broken = false;
  feedBroken = false;
  reads = 0;

  private check(): void {
    if (this.broken) throw new SoulboxError('storage_failed', 'the disk is on fire');
  }

  override async get(...args: Parameters<Store['get']>): ReturnType<Store['get']> {
    this.reads++;
    this.check();
    return super.get(...args);
  }

  override async commit(...args: Parameters<Store['commit']>): ReturnType<Store['commit']> {
    this.check();
    return super.commit(...args);
  }

  override follow(...args: Parameters<Store['follow']>): ReturnType<Store['follow']> {
    if (this.feedBroken) throw new SoulboxError('storage_failed', 'the feed is closed');
    return super.follow(...args);
  }
}

export interface KeyHost {
  readonly host: TestHost;
  readonly provider: AuthProvider;
  /** Makes a key and returns it with its id. */
  readonly createKey: (
    params?: Record<string, unknown>,
    principal?: Principal,
  ) => Promise<{ id: string; key: string; [field: string]: unknown }>;
}

/** A plugin that gives a store which is there already. */
export function storePlugin(store: Store): Plugin {
  return definePlugin({ id: 'given-store', provides: [Store], setup: (context) => context.provide(Store, store) });
}

/** A host with keys in the given store; two of these on one store are two hosts that share it. */
export async function startKeyHost(
  store: Store,
  config: Record<string, unknown> = {},
  logLevel = 'silent',
): Promise<KeyHost> {
  const host = await createTestHost({
    plugins: {
      'given-store': { plugin: storePlugin(store) },
      'auth-api-key': { plugin, config: { lastUsedMs: 1_000, ...config } },
    },
    config: { host: { logLevel } },
  });
  return {
    host,
    provider: host.service<AuthProvider>(AuthProvider, 'api-key')!,
    createKey: async (params = {}, principal = principalOf(['*'])) =>
      (await host.call('keys.create', { name: 'test', ...params }, { principal })) as { id: string; key: string },
  };
}

export async function withKeyHost(
  body: (host: KeyHost, store: FragileStore) => Promise<void>,
  config: Record<string, unknown> = {},
): Promise<void> {
  const store = new FragileStore();
  const started = await startKeyHost(store, config);
  try {
    await body(started, store);
  } finally {
    store.broken = false;
    await started.host.stop();
  }
}
