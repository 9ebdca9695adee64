import { defineOperation, z } from '@soulbox/plugin-sdk';
import { CostsSchema } from './costs.ts';

const number = z.number().min(0);

const FiguresSchema = z.object({
  policy: z.string(),
  executions: z.int(),
  /** Those that had to start a program, or a box, of their own, and their share. */
  cold: z.int(),
  coldShare: number,
  /** From the request until the program has started. */
  waitMs: z.object({ p50: number, p95: number, p99: number, max: number }),
  /** MiB times seconds: of what waited, and of all, with what ran. */
  waitingMemory: number,
  memory: number,
  /** Over the trace in equal steps: executions, cold starts, and MiB that waited on average. */
  course: z.array(z.object({ executions: z.int(), cold: z.int(), waitingMemory: number })),
});

export const RunResultSchema = z.object({
  executions: z.int(),
  /** Of the first and the last execution. */
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  results: z.array(FiguresSchema),
});
export type RunResult = z.infer<typeof RunResultSchema>;

export const runOperation = defineOperation({
  name: 'simulations.run',
  summary: 'Replays a trace of executions, or those of this host, against scaling policies.',
  permission: 'simulations:run',
  owner: { kind: 'host' },
  effect: 'read',
  params: z.strictObject({
    /** CSV: `time,language[,tenant][,duration]`, times and durations in seconds. Absent means the host's own executions. */
    trace: z
      .string()
      .min(1)
      .max(64 * 1024 * 1024)
      .optional(),
    /** `none`, `refill`, `fixed:N`, `keep-alive:SECONDS`, or those of plugins, joined by `+`. Absent means the first two and all of plugins. */
    policies: z.array(z.string().min(1).max(200)).min(1).max(16).optional(),
    costs: CostsSchema.prefault({}),
  }),
  result: RunResultSchema,
  errors: ['invalid_params', 'storage_failed', 'overloaded'],
});
