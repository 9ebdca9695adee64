import { z } from '@soulbox/plugin-sdk';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { OperationCatalogue } from '../operations/catalogue.ts';
import { CallMeter, type Budget, type CallFigures } from './call-meter.ts';

const calls = {
  calls: z.int(),
  errors: z.int(),
  p50Ms: z.number(),
  p95Ms: z.number(),
  totalMs: z.number(),
};

/** The share of the deadline that was needed: 1 is all of it. */
const BudgetSchema = z.object({ p95: z.number(), worst: z.number() });

/** How the code of one plugin fares, as `plugins.list` has it. */
export const pluginFiguresShape = {
  hooks: z.array(
    z.object({
      hook: z.string(),
      ...calls,
      /** Calls that needed more than half of the deadline. */
      slow: z.int(),
      /** The deadline of one call. */
      timeoutMs: z.number(),
      budget: BudgetSchema,
    }),
  ),
  /** Those that it added; `errors` are failures that are not the caller's. */
  operations: z.array(z.object({ operation: z.string(), ...calls })),
  /** Of its hooks and operations together; the budget is that of the hook that needs most of its own. */
  total: z.object({ ...calls, budget: BudgetSchema }),
};

interface PluginFigures {
  readonly hooks: ReturnType<HookBus['metrics']>[number][];
  readonly operations: ({ readonly operation: string } & CallFigures)[];
  readonly total: CallFigures & { readonly budget: Budget };
}

export function pluginFigures(id: string, hooks: HookBus, operations: OperationCatalogue): PluginFigures {
  const taps = [...hooks.metrics(id)];
  const own = operations.meters(id);
  const most = (kind: keyof Budget) => Math.max(0, ...taps.map(({ budget }) => budget[kind]));
  const together = CallMeter.sum([...hooks.meters(id), ...own.map(({ meter }) => meter)]);
  return {
    hooks: taps,
    operations: own.map(({ operation, meter }) => ({ operation, ...meter.figures() })),
    total: { ...together, budget: { p95: most('p95'), worst: most('worst') } },
  };
}
