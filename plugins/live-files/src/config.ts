import { z } from '@soulbox/plugin-sdk';

/** The configuration of the plugin; every default is written here. */
export const ConfigSchema = z.strictObject({
  /** The largest file, or part of one, that `files.read` answers with. */
  readBytes: z
    .int()
    .min(1)
    .default(8 * 1024 * 1024),
  /** How many entries `files.list`, and matches `files.search`, answers with at most. */
  entries: z.int().min(1).max(1_000_000).default(10_000),
  /** How many uploads a tenant may have open at one time. */
  uploads: z.int().min(1).max(10_000).default(16),
  /** What an archive may hold that is unpacked: bytes, and files and folders. */
  unpackedBytes: z
    .int()
    .min(1)
    .default(4 * 1024 * 1024 * 1024),
  unpackedEntries: z.int().min(1).default(1_000_000),
  /** An upload that nothing was sent to for so long is given up. */
  uploadIdleMs: z
    .int()
    .min(100)
    .max(2 ** 31 - 1)
    .default(60_000),
});
export type Config = z.infer<typeof ConfigSchema>;
