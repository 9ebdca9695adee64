import { z } from '@soulbox/plugin-sdk';

const mebibyte = 1024 * 1024;

export const ConfigSchema = z
  .strictObject({
    /** Of all keys and values together. */
    maxBytes: z
      .int()
      .min(1)
      .max(64 * 1024 * mebibyte)
      .default(64 * mebibyte),
    maxEntries: z.int().min(1).max(10_000_000).default(20_000),
    /** Of one key and its value; larger ones are not kept. */
    maxEntryBytes: z
      .int()
      .min(1)
      .max(1024 * mebibyte)
      .default(4 * mebibyte),
    /** The longest that anything is kept, in milliseconds. */
    ttlMs: z
      .int()
      .min(1)
      .max(366 * 86_400_000)
      .default(86_400_000),
  })
  .refine(({ maxBytes, maxEntryBytes }) => maxEntryBytes <= maxBytes, {
    path: ['maxEntryBytes'],
    message: 'must not be more than maxBytes',
  });
export type Config = z.infer<typeof ConfigSchema>;
