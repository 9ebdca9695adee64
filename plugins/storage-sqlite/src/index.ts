import { resolve } from 'node:path';
import { Store, definePlugin } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { SqliteStore } from './sqlite-store.ts';

export default definePlugin({
  id: 'storage-sqlite',
  config: ConfigSchema,
  provides: [Store],
  // Two at a time would contend for the file's lock.
  reload: 'exclusive',
  async setup(context) {
    const { file, ...options } = context.config;
    const path = resolve(await context.dataDir(), file);
    const store = await SqliteStore.open({ ...options, path });
    // At once, so that the worker also ends when the rest of this fails.
    await context.effect(() => () => store.close(), 'keep the database open');
    context.provide(Store, store);
    context.health(async () => {
      await store.ping();
      return { status: 'up' };
    });
  },
});
