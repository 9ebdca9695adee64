import { definePlugin, z } from '@soulbox/plugin-sdk';
import { Outbox } from './outbox.js';

/** What is told of an execution: how it ended, and neither its code nor its output. @param {import('@soulbox/plugin-sdk').ExecutionResult} result */
function about({ id, verdict, exitCode, language, usage, labels, settledAt }, /** @type {string} */ tenant) {
  const text = `${language.name} execution ${id} of ${tenant}: ${verdict} after ${Math.round(usage.wallMs)} ms`;
  return { text, execution: { id, tenant, verdict, exitCode, language: language.name, usage, labels, settledAt } };
}

/** Posts the end of every execution to a URL. */
export default definePlugin({
  id: 'webhook-notifier',
  config: z.strictObject({
    url: z.url({ protocol: /^https?$/ }).refine((url) => new URL(url).username === '', 'must hold no credentials'),
    secret: z.string().min(16),
    verdicts: z.array(z.string().min(1)).optional(),
    queue: z.int().min(1).max(100_000).default(1_000),
    attempts: z.int().min(1).max(20).default(5),
    timeoutMs: z.int().min(1).max(60_000).default(5_000),
    backoffMs: z.int().min(1).max(60_000).default(500),
  }),
  setup({ config, hooks, log, signal, health }) {
    const outbox = new Outbox(config, log, signal);
    hooks.tap('execution.settled', ({ request, result }) => {
      if (config.verdicts?.includes(String(result.verdict)) ?? true) outbox.add(about(result, request.tenant));
    });
    health(async () =>
      outbox.lost === 0 ? { status: 'up' } : { status: 'degraded', detail: `${outbox.lost} notifications were lost` },
    );
    return () => outbox.close();
  },
});
