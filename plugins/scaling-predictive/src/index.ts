import { definePlugin, ScalingPolicy, ScalingTrials, Store, type PoolDemand } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { explain, explainOperation } from './explain.ts';
import type { Decision } from './forecaster.ts';
import { Memory } from './memory.ts';
import { PredictivePolicy } from './policy.ts';

export default definePlugin({
  id: 'scaling-predictive',
  config: ConfigSchema,
  requires: { store: Store },
  provides: [ScalingPolicy],
  async setup(context, { store }) {
    const { config, hooks, log } = context;
    const memory = new Memory(store, log);
    const tell = (key: string, decision: Decision) => {
      if (log.isLevelEnabled('debug')) log.debug(explain(key, decision), 'how many should wait');
    };
    const policy = new PredictivePolicy(config, { learned: await memory.load(), tell });

    const applied = (decided: PoolDemand) => (config.apply ? decided : undefined);
    hooks.tap('scaling.signal', (demand, use) => applied(policy.boxes(demand, use)));
    hooks.tap('scaling.programs', (demand, use) => applied(policy.programs(demand, use)));
    hooks.tap('sandbox.destroyed', ({ id }) => policy.gone(id));

    await context.effect(() => {
      const timer = setInterval(() => void memory.save(policy.states()), config.saveMs);
      return async () => {
        clearInterval(timer);
        await memory.save(policy.states());
      };
    }, 'write what was learned');

    context.operation(explainOperation, async ({ limit }) => ({
      decisions: policy
        .decisions()
        .slice(0, limit)
        .map(({ key, decision }) => explain(key, decision)),
    }));
    context.provide(ScalingPolicy, new ScalingTrials(() => new PredictivePolicy(config)), 'predictive');
  },
});
