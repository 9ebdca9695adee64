import { Cache, definePlugin } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { MemoryCache } from './memory-cache.ts';

/** A cache in this process: the fastest there is, and gone with it. */
export default definePlugin({
  id: 'cache-memory',
  config: ConfigSchema,
  provides: [Cache],
  setup(context) {
    context.provide(Cache, new MemoryCache(context.config), 'memory');
  },
});
