import { z } from '@soulbox/plugin-sdk';
import { ImageSettingsSchema } from './images/settings.ts';

const mebibyte = 1024 * 1024;
const milliseconds = z.int().min(100).max(600_000);
const file = z.string().startsWith('/');

/** The configuration of the plugin; every default is written here. */
export const SettingsSchema = z.strictObject({
  /** Where the engine listens: `unix:///…`, `npipe:////./pipe/…`, `tcp://name:port` or `https://name:port`. */
  host: z
    .string()
    .regex(/^(unix:\/\/\/.+|npipe:\/\/.+|(tcp|http|https):\/\/[^/@\s]+\/?)$/, 'must be an address of an engine')
    .default('unix:///var/run/docker.sock'),
  /** PEM files for an engine that is reached through TLS. */
  tls: z.strictObject({ ca: file, cert: file, key: file }).optional(),
  /** How long one call to the engine may take. */
  callTimeoutMs: milliseconds.default(10_000),
  /** How long the agent of a new container may take to answer. */
  createTimeoutMs: milliseconds.default(10_000),
  /** How long an agent may take beyond a run's limits before it counts as frozen. */
  graceMs: milliseconds.default(10_000),
  /** How often containers that are nobody's are looked for. */
  reconcileMs: z.int().min(1000).max(86_400_000).default(30_000),
  /** After how long a container whose maker cannot be seen from here is nobody's. */
  lifeMs: z.int().min(60_000).default(86_400_000),
  /** The image of boxes that ask for none; by default one that holds nothing but the agent. */
  image: z.string().min(1).optional(),
  /** A runtime of the engine, such as `runsc`; by default the engine's own choice. Never replaced by another. */
  runtime: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/)
    .optional(),
  /** `inner`: each execution has a box within the container; `container`: a container of its own; `auto`: what works. */
  boxes: z.enum(['auto', 'inner', 'container']).default('auto'),
  /** AppArmor's profile for containers with inner boxes, where the engine uses AppArmor: its usual one forbids mounts. */
  apparmor: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/)
    .default('unconfined'),
  /** How many programs may run at one time in one box. */
  maxRuns: z.int().min(1).max(256).default(64),
  /** Memory of one container, swap included: the outer wall around the limits of executions. */
  memoryBytes: z
    .int()
    .min(64 * mebibyte)
    .default(4096 * mebibyte),
  /** Room for files of one execution, at most, where the container is its box. */
  diskBytes: z
    .int()
    .min(mebibyte)
    .default(512 * mebibyte),
  /** Processors of one container. */
  cpus: z.number().min(0.01).max(1024).default(2),
  /** Processes and threads of one container. */
  processes: z.int().min(64).max(4_194_304).default(4096),
  /** First of the uids that containers run under, each under one of its own; for an engine with all uids. */
  uidBase: z
    .int()
    .min(1000)
    .max(2 ** 31 - 1)
    .default(1_610_612_736),
  /** How many containers of hosts on this machine may live at one time. */
  uidCount: z.int().min(1).max(1_048_576).default(65_536),
  images: ImageSettingsSchema.prefault({}),
});
export type Settings = z.infer<typeof SettingsSchema>;
