import { z } from '@soulbox/plugin-sdk';

const mebibyte = 1024 * 1024;

/** The configuration of the plugin; every default is written here. */
export const ConfigSchema = z.strictObject({
  /** Contexts that one sandbox may have. */
  contexts: z.int().min(1).max(1_000).default(20),
  /** Cells that may wait for their turn in one context. */
  waiting: z.int().min(0).max(1_000).default(16),
  /** How long a cell may run where a request does not say. */
  timeoutMs: z.int().min(1).default(300_000),
  /** How long one that is interrupted has to end, before its interpreter is ended. */
  graceMs: z.int().min(1).default(2_000),
  /** How long an interpreter has to be ready. */
  startMs: z.int().min(1).default(15_000),
  /** How much of both streams `contexts.run` collects. */
  collectedBytes: z.int().min(1).default(mebibyte),
  /** The size that one result may have, with all its forms. */
  resultBytes: z
    .int()
    .min(1_024)
    .default(16 * mebibyte),
  /** How much results of one cell may have together. */
  resultsBytes: z
    .int()
    .min(1_024)
    .default(32 * mebibyte),
  /** Whether an interpreter waits in each sandbox for the next context of a language that it has had one of. */
  spare: z.boolean().default(true),
});
export type Config = z.infer<typeof ConfigSchema>;
