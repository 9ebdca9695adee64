import { availableParallelism } from 'node:os';
import semver from 'semver';
import { IsolationLevelSchema, z, type Limits, type LiveLimits } from '@soulbox/plugin-sdk';

const milliseconds = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);
const mebibyte = 1024 * 1024;

const positive = z.int().positive();

function limits(defaults: Limits) {
  return z
    .strictObject({
      wallMs: positive.default(defaults.wallMs),
      cpuMs: positive.default(defaults.cpuMs),
      memoryBytes: positive.default(defaults.memoryBytes),
      outputBytes: positive.default(defaults.outputBytes),
      processes: positive.default(defaults.processes),
      diskBytes: positive.default(defaults.diskBytes),
    })
    .prefault({});
}

function liveLimits(defaults: LiveLimits) {
  return z
    .strictObject({
      memoryBytes: positive.default(defaults.memoryBytes),
      diskBytes: positive.default(defaults.diskBytes),
      processes: positive.default(defaults.processes),
    })
    .prefault({});
}

const PluginEntryFields = z.strictObject({
  /** A package name, or a path to a package's folder, relative to the configuration file. */
  package: z.string().min(1),
  config: z.record(z.string(), z.unknown()).default({}),
  /** Whether the host refuses to start without it. */
  required: z.boolean().default(false),
  /** Where it runs; by default `inline` if its manifest allows that. */
  isolation: z.enum(['inline', 'process']).optional(),
  /** Written by `soulbox plugins add`: the version that was added, which lies in the data folder. */
  version: z
    .string()
    .refine((text) => semver.valid(text) === text, 'must be a semantic version')
    .optional(),
  /** Written by `soulbox plugins add`: of all its files, checked at each start before any of its code runs. */
  integrity: z
    .string()
    .regex(/^sha512-[A-Za-z0-9+/]{86}==$/, 'must be of the form sha512-…')
    .optional(),
});

const PluginEntrySchema = PluginEntryFields.refine(
  ({ version, integrity }) => (version === undefined) === (integrity === undefined),
  { path: ['integrity'], message: 'goes with a version: soulbox plugins add writes both' },
);
export type PluginEntry = z.infer<typeof PluginEntrySchema>;

/** The whole configuration file. Every key has a default; unknown keys are refused. */
export const ConfigSchema = z.strictObject({
  /** `default`: this file only says what differs from the default configuration. */
  extends: z.enum(['default', 'none']).default('default'),
  host: z
    .strictObject({
      /** Where everything is kept; by default the user's data folder. */
      dataDir: z.string().min(1).optional(),
      logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('warn'),
      /** How long running work may take to finish after SIGTERM. */
      drainMs: milliseconds.default(30_000),
      pluginStartMs: milliseconds.default(10_000),
      /** How long the host, when it starts, waits for the canaries of languages before it says that it is ready. */
      canaryMs: milliseconds.default(20_000),
      pluginStopMs: milliseconds.default(5_000),
      /** How long a plugin in a process of its own may take to answer one call, streams apart. */
      pluginCallMs: milliseconds.default(30_000),
      /** Memory of the process of one isolated plugin. */
      pluginMemoryBytes: z
        .int()
        .min(64 * mebibyte)
        .default(512 * mebibyte),
      /** How often within a minute an isolated plugin is started again after its process ended by itself. */
      pluginRestarts: z.int().min(0).max(1_000).default(5),
      /** Whether a change of the configuration file reloads the plugins that it concerns. */
      watch: z.boolean().default(true),
    })
    .prefault({}),
  sandbox: z
    .strictObject({
      /** The driver to use, or `auto`: the first of `order` that works here. */
      driver: z.string().min(1).default('auto'),
      order: z.array(z.string().min(1)).default([]),
      /** Another order for some languages, by their names. */
      languages: z.record(z.string().min(1), z.array(z.string().min(1)).min(1)).default({}),
      /** Refuse to run anything that is held by less. */
      minimum: IsolationLevelSchema.exclude(['none']).default('standard'),
      /** How long a driver may take to prove that it works, and to make or destroy one box. */
      probeMs: milliseconds.default(15_000),
      /** How many boxes wait ready for a tenant that has none yet. */
      ready: z.int().min(0).max(1_000).default(1),
      /** A tenant's box is taken away after so long without work. */
      idleMs: milliseconds.default(60_000),
      /** A box is replaced after so long, or so many executions: what may have gathered in it goes with it. */
      maxAgeMs: milliseconds.default(3_600_000),
      maxUses: z.int().min(1).default(10_000),
      /** How many programs of a kind wait in a box, started, where driver and language can; 0 has none wait. */
      warmPrograms: z.int().min(0).max(255).default(2),
      /** Programs that nobody used for so long do not wait any more. */
      warmIdleMs: milliseconds.default(600_000),
    })
    .prefault({}),
  executions: z
    .strictObject({
      /** Executions at one time; by default four for each core. */
      concurrency: z
        .int()
        .min(1)
        .max(10_000)
        .default(() => availableParallelism() * 4),
      /** Of one tenant at one time; by default seven eighths of all, so that others find a place. */
      tenantConcurrency: z.int().min(1).max(10_000).optional(),
      /** How many turns tenants get where others get one, by their names. */
      weights: z.record(z.string().min(1), z.int().min(1).max(1_000)).default({}),
      /** Executions that may wait for their turn; more are refused as `overloaded`. */
      queue: z.int().min(0).max(1_000_000).default(256),
      queueMs: milliseconds.default(30_000),
      /** Of the code and all files together. */
      sourceBytes: z
        .int()
        .min(1)
        .default(2 * mebibyte),
      /** Settled executions are forgotten after so many days. */
      retentionDays: z.number().positive().default(7),
      /** Output of running and lately settled executions that is kept in memory for clients that come back. */
      replayBytes: z
        .int()
        .min(0)
        .default(64 * mebibyte),
      /** Of what compilers make, on disk, for the same tenant's same program; 0 keeps none. */
      compileCacheBytes: z
        .int()
        .min(0)
        .default(256 * mebibyte),
      /** What a request that does not say gets. */
      limits: limits({
        wallMs: 10_000,
        cpuMs: 10_000,
        memoryBytes: 256 * mebibyte,
        outputBytes: mebibyte,
        processes: 64,
        diskBytes: 64 * mebibyte,
      }),
      /** What a request may ask for at most. */
      maximum: limits({
        wallMs: 300_000,
        cpuMs: 600_000,
        memoryBytes: 2048 * mebibyte,
        outputBytes: 64 * mebibyte,
        processes: 1_024,
        diskBytes: 1024 * mebibyte,
      }),
    })
    .prefault({}),
  /** Sandboxes that stay. */
  live: z
    .strictObject({
      /** What a request that does not say gets. */
      limits: liveLimits({ memoryBytes: 512 * mebibyte, diskBytes: 256 * mebibyte, processes: 256 }),
      /** What a request may ask for at most. */
      maximum: liveLimits({ memoryBytes: 4096 * mebibyte, diskBytes: 4096 * mebibyte, processes: 4_096 }),
      /** How long one stays that does not say; `null` for no end. */
      lifetimeMs: z.int().min(1_000).nullable().default(3_600_000),
      /** How long one may stay without being extended; `null` for no end. */
      maximumLifetimeMs: z
        .int()
        .min(1_000)
        .nullable()
        .default(7 * 86_400_000),
      /** Without use for so long one is paused, or deleted where the driver pauses nothing; `null` for never. */
      idleMs: z.int().min(100).nullable().default(300_000),
      /** How many a tenant may have at one time. */
      perTenant: z.int().min(0).max(100_000).default(100),
    })
    .prefault({}),
  /** By instance id. `false` leaves out a plugin of the default configuration. */
  plugins: z
    .record(
      z.string().regex(/^[a-z][a-z0-9]*([-:][a-z0-9]+)*$/, 'must be in kebab-case'),
      z.union([z.literal(false), PluginEntrySchema], 'must be a map with a package, or false'),
    )
    .default({}),
});
export type Config = z.infer<typeof ConfigSchema>;
