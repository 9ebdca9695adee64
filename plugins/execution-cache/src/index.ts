import { Cache, definePlugin } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { statsOperation } from './operations.ts';
import { askedByPolicy } from './policy.ts';
import { ResultCache } from './result-cache.ts';
import { Tiers } from './tiers.ts';

/** Keeps the results of runs that ask for it, and answers equal ones with them. */
export default definePlugin({
  id: 'execution-cache',
  config: ConfigSchema,
  requires: { caches: Cache },
  setup(context, { caches }) {
    const { config, hooks, log } = context;
    const tiers = new Tiers(caches, config, log);
    const results = new ResultCache(config, () => tiers.inOrder);

    if (config.pure.length > 0)
      hooks.tap('execution.before', (request) => askedByPolicy(config.pure, request), { order: 'post' });
    hooks.tap('execution.lookup', (request) => results.find(request));
    hooks.tap('execution.settled', ({ request, result }) => results.keep(request, result));

    context.operation(statsOperation, async () => ({
      ...results.figures,
      tiers: tiers.all.map(({ name, present, figures }) => ({ name, present, ...figures })),
    }));
    context.health(async () => {
      const { missing } = tiers;
      if (missing.length === 0) return { status: 'up' };
      return { status: 'degraded', detail: `no cache is called ${missing.join(' or ')}` };
    });
  },
});
