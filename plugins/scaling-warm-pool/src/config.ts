import { z } from '@soulbox/plugin-sdk';

const mebibyte = 1024 * 1024;
const bytes = z
  .int()
  .min(1)
  .max(2 ** 40);
const count = z.int().min(0).max(255);

export const ConfigSchema = z.strictObject({
  /** What all that waits may take together: boxes without a tenant, and programs. */
  memoryBytes: z
    .int()
    .min(0)
    .max(2 ** 44)
    .default(256 * mebibyte),
  /** What one waiting box, and one waiting program, is counted as. */
  boxBytes: bytes.default(8 * mebibyte),
  programBytes: bytes.default(16 * mebibyte),
  /** What programs of some languages are counted as instead, by name. */
  languages: z.record(z.string().min(1), bytes).default({}),
  /** Programs that wait for each of those that ran at once lately. */
  share: z.number().min(0).max(4).default(0.5),
  /** How long a busy moment counts. */
  holdMs: z.int().min(0).max(3_600_000).default(10_000),
  /** Never more of one kind in one box. */
  max: count.default(16),
  /** Tenants with boxes of their own at all times, and how many programs of each kind wait there; they are not evicted. */
  tenants: z.record(z.string().min(1), z.strictObject({ programs: count.default(4) })).default({}),
});
export type WarmPoolConfig = z.infer<typeof ConfigSchema>;
