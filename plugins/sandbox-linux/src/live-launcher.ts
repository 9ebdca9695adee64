import { z } from '@soulbox/plugin-sdk';
import type { LiveRecord, LiveRecords } from '@soulbox/plugin-sdk/agent';

/** The process that was started for a box that stays. */
export const LauncherSchema = z.object({ pid: z.int().min(2), started: z.string() });
export type Launcher = z.infer<typeof LauncherSchema>;

export type BoxRecord = LiveRecord<Launcher>;
/** Of one whose process is known. */
export type WholeRecord = BoxRecord & { readonly made: Launcher };
export type BoxRecords = LiveRecords<Launcher>;

/** Relative to the folder of the record: absolute paths may be longer than a socket's may be. */
export const socketName = 'service';
