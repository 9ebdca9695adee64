import { z } from '@soulbox/plugin-sdk';

const names = z.array(z.string().min(1).max(255)).min(1).max(1_000);

/** What runs are pure: those that fit everything that the rule says. */
export const RuleSchema = z
  .strictObject({
    /** As clients write them, aliases too. */
    languages: names.optional(),
    tenants: names.optional(),
    /** Labels that the run must have, with just these values. */
    labels: z.record(z.string().min(1).max(63), z.string().max(255)).optional(),
  })
  .refine((rule) => Object.keys(rule).length > 0, 'must say which runs');
export type Rule = z.infer<typeof RuleSchema>;

/** Ends that an equal run would come to again. A limit that was hit, or a sandbox that died, may be the machine's doing. */
const lastingVerdicts = ['ok', 'exit', 'compile-error'] as const;

export const ConfigSchema = z.strictObject({
  /** Names of caches, the fastest first. By default `memory`, then every other one. */
  tiers: z.array(z.string().min(1).max(100)).min(1).max(10).optional(),
  /** How long a result may answer, in milliseconds. */
  ttlMs: z
    .int()
    .min(1)
    .max(366 * 86_400_000)
    .default(3_600_000),
  /** Larger results are not kept. */
  maxResultBytes: z
    .int()
    .min(1)
    .max(64 * 1024 * 1024)
    .default(1024 * 1024),
  /** How long one cache may take to answer, in milliseconds; then it is passed over. */
  tierMs: z.int().min(1).max(900).default(100),
  /** Results with these verdicts are kept. */
  verdicts: z.array(z.enum(lastingVerdicts)).min(1).default(['ok', 'compile-error']),
  /** Runs that are treated as if they asked for a cache, unless they say that they want none. */
  pure: z.array(RuleSchema).max(1_000).default([]),
});
export type Config = z.infer<typeof ConfigSchema>;
