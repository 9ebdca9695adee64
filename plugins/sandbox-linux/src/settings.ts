import { z } from '@soulbox/plugin-sdk';
import { basePaths } from './base-paths.ts';

const highestUid = 2 ** 31 - 1;

/** The configuration of the plugin; every default is written here. */
export const SettingsSchema = z
  .strictObject({
    /** Absolute host paths, read-only in every box, beside those of the languages. */
    paths: z.array(z.string().startsWith('/')).default(() => basePaths()),
    /** First of the host uids for sandboxes; used when the host runs as root. */
    uidBase: z.int().min(1).max(highestUid).default(805_306_368),
    /** Host uids per box: its agent, and two for each program that runs in it at one time. */
    uidCount: z.int().min(16).max(65_536).default(1024),
    /** How many boxes may live on this machine at one time, if the host runs as root. */
    uidBlocks: z.int().min(1).max(65_536).default(4096),
    /** How many programs may run at one time in one box. */
    maxRuns: z.int().min(1).max(256).default(64),
    /** How long building a box may take, in milliseconds. */
    createTimeoutMs: z.int().min(100).max(600_000).default(10_000),
    /** How long an agent may take beyond a run's limits before it counts as frozen, in milliseconds. */
    graceMs: z.int().min(100).max(600_000).default(10_000),
  })
  .refine(({ uidCount, maxRuns }) => uidCount > 2 * maxRuns, 'uidCount must be more than twice maxRuns')
  .refine(
    ({ uidBase, uidCount, uidBlocks }) => uidBase + uidCount * uidBlocks <= highestUid,
    'uidBase + uidCount * uidBlocks must stay below 2^31',
  );
export type Settings = z.infer<typeof SettingsSchema>;
