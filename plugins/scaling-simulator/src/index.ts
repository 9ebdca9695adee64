import { definePlugin, ScalingPolicy, Store } from '@soulbox/plugin-sdk';
import { readHistory } from './history.ts';
import { runOperation, type RunResult } from './run-operation.ts';
import { simulate } from './simulation.ts';
import { readTrace } from './trace.ts';

export default definePlugin({
  id: 'scaling-simulator',
  requires: { policies: ScalingPolicy, store: Store },
  setup(context, { policies, store }) {
    context.operation(runOperation, async ({ trace: text, policies: names, costs }, { signal }) => {
      const trace = text === undefined ? await readHistory(store, signal) : readTrace(text);
      const results: RunResult['results'] = [];
      for (const policy of names ?? ['none', 'refill', ...policies.keys()]) {
        const figures = await simulate(trace, policy, { costs, policies, signal });
        results.push({ policy, ...figures, course: [...figures.course] });
      }
      const timeOf = (index: number) => new Date(trace.at(index)?.at ?? 0).toISOString();
      return { executions: trace.length, from: timeOf(0), to: timeOf(-1), results };
    });
  },
});
