import { z } from '@soulbox/plugin-sdk';

const mebibyte = 1024 * 1024;
const bytes = z
  .int()
  .min(1)
  .max(2 ** 40);

export const ConfigSchema = z.strictObject({
  /** What a start that nobody has to wait for is worth: as much as this memory for a second. */
  worthBytes: z
    .int()
    .min(1)
    .max(2 ** 50)
    .default(2048 * mebibyte),
  /** What one waiting box, and one waiting program, takes. */
  boxBytes: bytes.default(8 * mebibyte),
  programBytes: bytes.default(16 * mebibyte),
  /** What programs of some languages take instead, by name. */
  languages: z.record(z.string().min(1), bytes).default({}),
  /** How long it takes until another waits in the place of one that was taken. */
  programMs: z.int().min(1).max(60_000).default(50),
  boxMs: z.int().min(1).max(600_000).default(1_000),
  /** Whether what it decides is done; otherwise it learns and explains what it would decide. */
  apply: z.boolean().default(true),
  /** So many boxes wait at all times, if as many would without this plugin. */
  minBoxes: z.int().min(0).max(10_000).default(1),
  /** Never more of one kind in one box, nor boxes of one pool. */
  maxPrograms: z.int().min(0).max(255).default(32),
  maxBoxes: z.int().min(0).max(10_000).default(32),
  /** So much more than plain refill may it cost, by its own count, before it gives way to it. */
  margin: z.number().min(1).max(10).default(1.1),
  /** How often what was learned is written. */
  saveMs: z.int().min(1_000).max(86_400_000).default(60_000),
});
export type PredictiveConfig = z.infer<typeof ConfigSchema>;
