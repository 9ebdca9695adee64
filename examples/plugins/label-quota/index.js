import { definePlugin, z } from '@soulbox/plugin-sdk';
import { SlidingWindow } from './quota.js';

/** Lets each value of a label run so many executions within a window of time. */
export default definePlugin({
  id: 'label-quota',
  config: z.strictObject({
    label: z.string().min(1).max(63),
    limit: z.int().min(1).max(10_000),
    windowMs: z.int().min(100).max(86_400_000).default(60_000),
    required: z.boolean().default(false),
    values: z.int().min(1).default(10_000),
  }),
  async setup({ config, hooks, effect }) {
    const { label, limit, windowMs, required, values } = config;
    /** By tenant, so that none can use up what is another's. @type {Map<string, SlidingWindow>} */
    const tenants = new Map();
    const now = () => performance.now();

    hooks.tap('execution.veto', ({ request }) => {
      const value = request.labels?.[label];
      if (value === undefined) return required ? { reason: `the label "${label}" is required` } : undefined;
      const quota = tenants.get(request.tenant) ?? new SlidingWindow(limit, windowMs, now);
      tenants.set(request.tenant, quota);
      if (!quota.times.has(value) && quota.times.size >= values)
        return { reason: `too many values of the label "${label}" within ${windowMs} ms` };
      const waitMs = quota.take(value);
      if (waitMs === 0) return undefined;
      const again = `try again in ${Math.ceil(waitMs)} ms`;
      return { reason: `"${label}: ${value}" has had its ${limit} executions within ${windowMs} ms; ${again}` };
    });
    await effect(() => {
      const timer = setInterval(() => {
        for (const [tenant, quota] of tenants) {
          quota.sweep();
          if (quota.times.size === 0) tenants.delete(tenant);
        }
      }, windowMs);
      return () => clearInterval(timer);
    });
  },
});
