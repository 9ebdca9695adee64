import { writeSync } from 'node:fs';
import { argv } from 'node:process';
import { isSoulboxError } from '@soulbox/plugin-sdk';
import { FragileStore, bearer, principalOf, startKeyHost } from './fixture.ts';

/** All that was ever committed, and all that a client ever saw beyond the answer that shows the key. */
async function useKeys(): Promise<{ key: string; seen: unknown }> {
  const seen: unknown[] = [];
  const store = new FragileStore();
  const commit = store.commit.bind(store);
  store.commit = (changes) => {
    seen.push(changes);
    return commit(changes);
  };
  const { host, createKey } = await startKeyHost(store, { cacheMs: 0 }, 'trace');
  const attempt = async (work: () => Promise<unknown>) => {
    seen.push(await work().catch((error: unknown) => (isSoulboxError(error) ? error.toBody() : String(error))));
  };
  const maker = { principal: principalOf(['*']) };
  const { id, key } = await createKey();
  await attempt(() => host.api.authenticate(bearer(key)));
  await attempt(() => host.api.authenticate(bearer(`${key}x`)));
  await attempt(() => host.call('keys.list', {}, maker));
  // Somebody puts the key where something else belongs.
  await attempt(() => host.call('keys.revoke', { id: key }, maker));
  store.broken = true;
  await attempt(() => host.api.authenticate(bearer(key)));
  await attempt(() => host.call('keys.list', {}, maker));
  store.broken = false;
  await attempt(() => host.call('keys.revoke', { id }, maker));
  await attempt(() => host.api.authenticate(bearer(key)));
  await host.stop();
  return { key, seen };
}

// The runner may start every file of this folder; without being asked there is nothing to do.
if (argv[2] === 'use-keys') writeSync(1, JSON.stringify(await useKeys()));
