import { z } from '@soulbox/plugin-sdk';

const mebibyte = 1024 * 1024;
const ms = z.number().min(0).max(600_000);
const bytes = z
  .number()
  .min(0)
  .max(2 ** 40);

const ProgramCostSchema = z.strictObject({ startMs: ms, bytes });

/** What things cost, as measured or believed: times in milliseconds, memory in bytes. */
export const CostsSchema = z.strictObject({
  /** Until a box is there, and what it takes without programs. */
  box: z.strictObject({ startMs: ms, bytes }).default({ startMs: 60, bytes: 4 * mebibyte }),
  /** Until a program has started, and what it takes while it waits or runs. */
  program: ProgramCostSchema.default({ startMs: 40, bytes: 12 * mebibyte }),
  /** The same for some languages, by name. */
  languages: z.record(z.string().min(1), ProgramCostSchema).default({
    python: { startMs: 15, bytes: 3 * mebibyte },
    javascript: { startMs: 45, bytes: 15 * mebibyte },
    typescript: { startMs: 45, bytes: 15 * mebibyte },
    java: { startMs: 120, bytes: 40 * mebibyte },
  }),
});
export type Costs = z.infer<typeof CostsSchema>;
export type ProgramCost = z.infer<typeof ProgramCostSchema>;

export function programCost(costs: Costs, language: string): ProgramCost {
  return (Object.hasOwn(costs.languages, language) ? costs.languages[language] : undefined) ?? costs.program;
}
