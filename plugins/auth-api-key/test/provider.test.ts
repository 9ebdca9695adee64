import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryStore } from '@soulbox/plugin-sdk/testing';
import { authProviderSuite } from '@soulbox/plugin-sdk/conformance';
import { FragileStore, bearer, principalOf, startKeyHost } from './fixture.ts';
import { makeKey } from '../src/key-format.ts';

authProviderSuite({
  name: 'auth-api-key',
  create: async () => {
    const store = new FragileStore();
    const { host, provider, createKey } = await startKeyHost(store, { cacheMs: 0 });
    const { id, key } = await createKey({ scopes: ['executions:*'] });
    const expired = await createKey({ expiresInMs: 1 });
    const revoked = await createKey();
    const revoke = (keyId: string) => host.call('keys.revoke', { id: keyId }, { principal: principalOf(['*']) });
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
    const hosts = await Promise.all([startKeyHost(store), startKeyHost(store)]);
    return {
      providers: [hosts[0].provider, hosts[1].provider],
      dispose: async () => void (await Promise.all(hosts.map(({ host }) => host.stop()))),
    };
  },
});
