import { setTimeout as sleep } from 'node:timers/promises';
import { AuthProvider, type Store } from '@soulbox/plugin-sdk';
import { authProviderSuite, bothWays, type PluginWay } from '@soulbox/plugin-sdk/conformance';
import { MemoryStore } from '@soulbox/plugin-sdk/testing';
import { FragileStore, bearer, principalOf, storePlugin } from './fixture.ts';
import { makeKey } from '../src/key-format.ts';

/** The provider of a host with keys in the given store. */
function startIn(way: PluginWay, store: Store) {
  const plugins = { 'given-store': { plugin: storePlugin(store) } };
  return way.start({ provider: AuthProvider }, { plugins, settings: { cacheMs: 0, lastUsedMs: 1_000 } });
}

bothWays(new URL('../..', import.meta.url), (way) => {
  authProviderSuite({
    name: 'auth-api-key',
    create: async () => {
      const store = new FragileStore();
      const { provider, host } = await startIn(way, store);
      const principal = principalOf(['*']);
      const createKey = async (params: object = {}) =>
        (await host.call('keys.create', { name: 'test', ...params }, { principal })) as { id: string; key: string };
      const revoke = (id: string) => host.call('keys.revoke', { id }, { principal });
      const { id, key } = await createKey({ scopes: ['executions:*'] });
      const expired = await createKey({ expiresInMs: 1 });
      const revoked = await createKey();
      await revoke(revoked.id);
      // Past the millisecond for which it was good.
      await sleep(10);
      return {
        provider,
        valid: bearer(key),
        principal: { tenant: 'acme', roles: [], scopes: ['executions:*'] },
        invalid: {
          expired: bearer(expired.key),
          revoked: bearer(revoked.key),
          unknown: bearer(makeKey().text),
          uppercase: bearer(key.toUpperCase()),
        },
        revoke: async () => void (await revoke(id)),
        breakBackend: async () => void (store.broken = true),
        dispose: async () => {
          store.broken = false;
          await host.stop();
        },
      };
    },
    createEmpty: async () => {
      const store = new MemoryStore();
      const [first, second] = await Promise.all([startIn(way, store), startIn(way, store)]);
      return {
        providers: [first.provider, second.provider],
        dispose: async () => void (await Promise.all([first.dispose(), second.dispose()])),
      };
    },
  });
});
