import { AuthProvider, Store, definePlugin } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { grantKey } from './grant.ts';
import { KeyCache } from './key-cache.ts';
import { keyIdOf } from './key-record.ts';
import { KeyRepository } from './key-repository.ts';
import { createOperation, listOperation, revokeOperation } from './operations.ts';
import { ApiKeyProvider } from './provider.ts';
import { UseRecorder } from './use-recorder.ts';

export default definePlugin({
  id: 'auth-api-key',
  config: ConfigSchema,
  requires: { store: Store },
  provides: [AuthProvider],
  async setup(context, { store }) {
    const { config, log } = context;
    const keys = await KeyRepository.open(store);
    const cache = new KeyCache({ maxAgeMs: config.cacheMs, log, load: (id) => keys.find(id) });
    const uses = new UseRecorder(keys, log);

    await context.effect(() => {
      const stop = new AbortController();
      const ended = cache.follow(store, stop.signal);
      return async () => {
        stop.abort();
        await ended;
      };
    }, 'follow changes of keys');
    await context.effect(() => {
      const timer = setInterval(() => void uses.flush(), config.lastUsedMs);
      return async () => {
        clearInterval(timer);
        await uses.flush();
      };
    }, 'write last uses');

    context.operation(createOperation, async (params, call) => {
      const ownId = keyIdOf(call.principal.id);
      const own = ownId === undefined ? undefined : await keys.find(ownId);
      const { key, info } = await keys.create(grantKey(params, call.principal, own, config.defaultScopes));
      call.log.info({ key: info.id, by: call.principal.id }, 'key created');
      return { ...info, key: key.text };
    });
    context.operation(listOperation, ({ limit, cursor }, call) => keys.list(call.principal.tenant, limit, cursor));
    context.operation(revokeOperation, async ({ id }, call) => {
      const info = await keys.revoke(call.principal.tenant, id);
      cache.forget(id);
      call.log.info({ key: id, by: call.principal.id }, 'key revoked');
      return info;
    });
    context.provide(AuthProvider, new ApiKeyProvider(keys, cache, uses), 'api-key');
  },
});
