import { definePlugin, ScalingPolicy, ScalingTrials } from '@soulbox/plugin-sdk';
import { ConfigSchema } from './config.ts';
import { WarmPoolPolicy } from './policy.ts';

export default definePlugin({
  id: 'scaling-warm-pool',
  config: ConfigSchema,
  provides: [ScalingPolicy],
  setup(context) {
    const { config, hooks } = context;
    const policy = new WarmPoolPolicy(config);
    // First what should wait, then what others make of that, and at last what there is room for.
    hooks.tap('scaling.signal', (demand) => policy.growBoxes(demand), { order: 'pre' });
    hooks.tap('scaling.programs', (demand, use) => policy.growPrograms(demand, use), { order: 'pre' });
    hooks.tap('scaling.signal', (demand, use) => policy.fitBoxes(demand, use), { order: 'post' });
    hooks.tap('scaling.programs', (demand, use) => policy.fitPrograms(demand, use), { order: 'post' });
    hooks.tap('sandbox.destroyed', ({ id }) => policy.gone(id));
    context.health(async () => ({ status: 'up', detail: `${policy.usedBytes} of ${config.memoryBytes} bytes wait` }));
    context.provide(ScalingPolicy, new ScalingTrials(() => new WarmPoolPolicy(config)), 'warm-pool');
  },
});
