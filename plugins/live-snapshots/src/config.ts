import { z } from '@soulbox/plugin-sdk';

const gibibyte = 1024 ** 3;

/** The configuration of the plugin; every default is written here. */
export const ConfigSchema = z.strictObject({
  /** Snapshots that a tenant may have. */
  snapshots: z.int().min(1).max(10_000).default(100),
  /** The size that one may have. */
  snapshotBytes: z
    .int()
    .min(1)
    .default(4 * gibibyte),
  /** How much all of a tenant may take on the disk of the host. */
  tenantBytes: z
    .int()
    .min(1)
    .default(20 * gibibyte),
  /** Files and folders that one may have. */
  entries: z.int().min(1).default(1_000_000),
  /** How much what steps of recipes made may take of each tenant, so that they need not be done again. */
  layerBytes: z
    .int()
    .min(1)
    .default(2 * gibibyte),
  /** Builds of templates that a tenant may have under way, and how long one may take. */
  builds: z.int().min(1).max(100).default(2),
  buildMs: z.int().min(1_000).default(1_800_000),
  /** Imports that a tenant may have under way. */
  imports: z.int().min(1).max(100).default(4),
  /** How long an import may rest between two parts. */
  importIdleMs: z.int().min(1).default(60_000),
});
export type Config = z.infer<typeof ConfigSchema>;
