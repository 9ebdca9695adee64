import { Cache, definePlugin } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { Link } from './link.ts';
import { RedisCache } from './redis-cache.ts';
import { Seal } from './seal.ts';
import { ownSecret } from './secret.ts';

/** How long the start of a host waits for Redis, which it can do without. */
const patienceMs = 1_000;

/** A cache that several hosts and restarts share. */
export default definePlugin({
  id: 'cache-redis',
  config: ConfigSchema,
  provides: [Cache],
  async setup(context) {
    const { config, log, deploymentId } = context;
    const { prefix = `soulbox:${deploymentId}:` } = config;
    const seal = new Seal(config.secret ?? (await ownSecret(await context.dataDir())));
    const link = new Link(config);
    const cache = new RedisCache({ link, seal, prefix, config, log });
    await context.effect(async () => {
      await link.open(patienceMs);
      if (link.problem !== null) log.warn({ problem: link.problem }, 'Redis cannot be used yet');
      return () => link.close();
    }, 'the connection to Redis');
    context.health(async () => cache.health());
    context.provide(Cache, cache, 'redis');
  },
});
