import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configFrom, Host, type InlinePlugin, type PackagedPlugin } from '@soulbox/core';
import {
  definePlugin,
  MemoryStore,
  Store,
  type AnyToken,
  type Plugin,
  type Principal,
  type StreamItem,
} from '../src/index.ts';
import { scriptedSandbox } from './scripted-sandbox.ts';

export interface TestHostOptions {
  /** Plugins under test, by instance id. */
  readonly plugins?: Readonly<Record<string, InlinePlugin | PackagedPlugin>>;
  /** The configuration beyond plugins: `host`, `sandbox`, `executions`. Its `host.dataDir` is a temporary folder unless given. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Whether transports listen. */
  readonly listen?: boolean;
  /** Ids of tokens that packages among the plugins provide, so that nothing stands in for them: `store`. */
  readonly without?: readonly string[];
}

export interface TestHost extends AsyncDisposable {
  readonly host: Host;
  readonly api: Host['api'];
  readonly dataDir: string;
  /** Calls an operation, by default as {@link testPrincipal}. */
  call(
    operation: string,
    params?: unknown,
    options?: { principal?: Principal; signal?: AbortSignal },
  ): Promise<unknown>;
  /** As `call`, with the events of a streaming operation. */
  stream(
    operation: string,
    params?: unknown,
    options?: { principal?: Principal; signal?: AbortSignal },
  ): AsyncIterable<StreamItem>;
  /** The service of a token, or of one name under a `many` token. */
  service<T>(token: AnyToken & { readonly type?: T }, name?: string): T | undefined;
  /** Stops the host and removes its data folder. */
  stop(): Promise<void>;
}

/** May do everything, in the tenant `test`. */
export const testPrincipal: Principal = Object.freeze({
  id: 'tester',
  tenant: 'test',
  roles: ['admin'],
  scopes: ['*'],
});

const memoryStore = definePlugin({
  id: 'memory-store',
  provides: [Store],
  setup: (context) => context.provide(Store, new MemoryStore()),
});

/** What each plugin provides: known of those in memory, and of packages only once they are imported. */
function provides(plugins: readonly (InlinePlugin | PackagedPlugin)[], tokenId: string): boolean {
  return plugins.some(
    (given) => 'plugin' in given && given.plugin.definition.provides?.some((token) => token.id === tokenId),
  );
}

/** Adds what an execution needs and the plugins under test do not bring: a store in memory, a scripted sandbox. */
function complete(
  plugins: Readonly<Record<string, InlinePlugin | PackagedPlugin>>,
  without: readonly string[],
): Record<string, InlinePlugin | PackagedPlugin> {
  const given = Object.values(plugins);
  const add = (id: string, plugin: Plugin, tokenId: string) =>
    without.includes(tokenId) || provides(given, tokenId) ? {} : { [id]: { plugin } };
  return {
    ...add('memory-store', memoryStore, 'store'),
    ...add('scripted-sandbox', scriptedSandbox(), 'sandbox-driver'),
    ...plugins,
  };
}

/**
 * Starts a real host in this process, by default without a socket. @throws what `Host.start` throws; nothing is left then.
 */
export async function createTestHost(options: TestHostOptions = {}): Promise<TestHost> {
  const own = await mkdtemp(join(tmpdir(), 'soulbox-test-'));
  const settings = (options.config?.['host'] ?? {}) as { dataDir?: string };
  const dataDir = settings.dataDir ?? own;
  const config = configFrom({ ...options.config, host: { logLevel: 'silent', ...settings, dataDir } });
  const host = new Host({
    config,
    plugins: complete(options.plugins ?? {}, options.without ?? []),
    listen: options.listen ?? false,
  });
  const stop = async () => {
    await host.stop();
    await rm(own, { recursive: true, force: true });
  };
  try {
    await host.start();
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  const callOptions = (given: { principal?: Principal; signal?: AbortSignal } = {}) => ({
    principal: given.principal ?? testPrincipal,
    signal: given.signal ?? new AbortController().signal,
    requestId: randomUUID(),
  });
  return {
    host,
    api: host.api,
    dataDir,
    call: (operation, params = {}, given) => host.api.call(operation, params, callOptions(given)),
    stream: (operation, params = {}, given) => host.api.stream(operation, params, callOptions(given)),
    service: <T>(token: AnyToken & { readonly type?: T }, name?: string) =>
      name === undefined ? host.services.get<T>(token) : host.services.all<T>(token).get(name),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
