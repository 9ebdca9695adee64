import { z } from '@soulbox/plugin-sdk';

export const ConfigSchema = z.strictObject({
  /** Relative to the plugin's data folder, or absolute. */
  file: z
    .string()
    .min(1)
    .refine((file) => !file.includes('\0'), 'must not contain a NUL character')
    .default('soulbox.db'),
  /** How long a write waits for another process that writes, in milliseconds. */
  busyTimeoutMs: z.int().min(0).max(60_000).default(5_000),
  /** The largest document, as JSON in UTF-8. */
  maxDocumentBytes: z
    .int()
    .min(1024)
    .max(512 * 1024 * 1024)
    .default(64 * 1024 * 1024),
  /** How many changes are kept for followers that come later, and for how long, in milliseconds. */
  keepChanges: z.int().min(1).default(100_000),
  keepChangesMs: z.int().min(1).default(86_400_000),
});
