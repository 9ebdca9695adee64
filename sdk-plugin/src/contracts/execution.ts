import { z } from 'zod';
import { EnforcementSchema } from './enforcement.ts';

/** How an execution ended; exactly one per execution. */
export const verdicts = [
  'ok', // exit code 0
  'exit', // any other exit code
  'signal', // ended by a signal that no limit sent
  'timeout', // wall or cpu time used up
  'memory-limit',
  'output-limit',
  'process-limit',
  'disk-limit',
  'compile-error', // refused before it ran; see stages and diagnostics
  'denied', // made a system call that ends the program
  'cancelled', // by the caller
  'lost', // the sandbox died; retryable
  'interrupted', // the host died; retryable
] as const;
export const VerdictSchema = z.enum(verdicts);
export type Verdict = z.infer<typeof VerdictSchema>;

const positive = z.int().positive();

/** Times in milliseconds, sizes in bytes. What is absent takes the host's default. */
export const LimitsSchema = z.strictObject({
  /** Wall time of each stage. */
  wallMs: positive.optional(),
  /** User and system time of all the program's processes together, per stage. */
  cpuMs: positive.optional(),
  /** Memory of all processes together, files in the working directory and /tmp included. */
  memoryBytes: positive.optional(),
  /** Standard output and standard error together. */
  outputBytes: positive.optional(),
  /** Processes and threads alive at one time. */
  processes: positive.optional(),
  /** Files in the working directory and /tmp together. */
  diskBytes: positive.optional(),
});
export type PartialLimits = z.infer<typeof LimitsSchema>;
export type Limits = { readonly [K in keyof PartialLimits]-?: number };

export const SourceFileSchema = z.strictObject({
  /** Relative, with forward slashes; must stay inside the working directory. */
  path: z.string().min(1).max(4096),
  content: z.string(),
  encoding: z.enum(['utf8', 'base64']).optional(),
});
export type SourceFile = z.infer<typeof SourceFileSchema>;

/** A string is the whole of standard input. `open: true` keeps it open for `executions.input` after `data`. */
export const StdinSchema = z.union([
  z.string(),
  z.strictObject({
    data: z.string().optional(),
    encoding: z.enum(['utf8', 'base64']).optional(),
    open: z.boolean().optional(),
  }),
]);
export type Stdin = z.infer<typeof StdinSchema>;

const environmentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be a name like PATH_2');
// A NUL would silently cut the string short where the kernel reads it.
const withoutNul = z.string().refine((text) => !text.includes('\0'), 'must not contain a NUL character');

/** The parameters of `executions.create`. */
export const ExecutionParamsSchema = z
  .strictObject({
    language: z.string().min(1).max(64),
    /** One of the language's versions, or the beginning of one: `3.11`. */
    version: z.string().min(1).max(64).optional(),
    /** Packages that it needs, in the notation of the language's package manager; built once, then shared read-only. */
    dependencies: z.array(z.string().min(1).max(255)).max(100).optional(),
    code: z.string().optional(),
    files: z.array(SourceFileSchema).min(1).max(1000).optional(),
    /** The file to run, among `files`; by default the language's usual main file, or the only one. */
    entry: z.string().min(1).max(4096).optional(),
    stdin: StdinSchema.optional(),
    args: z.array(withoutNul).max(1000).optional(),
    env: z.record(environmentName, withoutNul).optional(),
    limits: LimitsSchema.optional(),
    /** `none` is the default and, for now, the only network. */
    network: z.enum(['none']).optional(),
    /** Sends `executions.event` notifications before the answer. */
    stream: z.boolean().optional(),
    /** The same key from the same tenant within the retention time answers with the first execution. */
    idempotencyKey: z.string().min(1).max(255).optional(),
    labels: z.record(z.string().min(1).max(63), z.string().max(255)).optional(),
    /**
     * `true`: the result of an equal run of the same tenant may answer, and this one's be kept for later ones. `maxAgeMs` in
     * milliseconds: none that is older; with 0 it is run anew. `false`: neither. Absent: as the operator decided.
     */
    cache: z.union([z.boolean(), z.strictObject({ maxAgeMs: z.int().min(0).optional() })]).optional(),
  })
  .refine((p) => (p.code === undefined) !== (p.files === undefined), 'give either code or files')
  .refine(({ stdin, cache = false }) => cache === false || typeof stdin !== 'object' || stdin.open !== true, {
    path: ['cache'],
    message: 'a run whose standard input stays open is never answered from a cache',
  });
export type ExecutionParams = z.infer<typeof ExecutionParamsSchema>;

/** An accepted execution as hooks see it: who asked for what, with the limits that will hold. */
export interface ExecutionRequest extends Omit<ExecutionParams, 'limits' | 'stream' | 'idempotencyKey'> {
  readonly id: string;
  readonly tenant: string;
  readonly principalId: string;
  readonly limits: Limits;
  /**
   * Everything that decides the result, as one digest: equal runs have the same. Set by the host after `execution.before`,
   * where `cache` asks for it; missing in `execution.settled` where something changed meanwhile and nothing may be kept.
   */
  readonly resultKey?: string;
}

export const UsageSchema = z.object({
  wallMs: z.number(),
  cpuMs: z.number(),
  /** The highest memory use seen; `null` where this host cannot measure it. */
  peakMemoryBytes: z.number().nullable(),
});
export type Usage = z.infer<typeof UsageSchema>;

export const DiagnosticSchema = z.object({
  file: z.string(),
  /** From 1. */
  line: z.int(),
  /** From 1. */
  column: z.int(),
  message: z.string(),
});
export type Diagnostic = z.infer<typeof DiagnosticSchema>;

export const StageResultSchema = z.object({
  /** `compile`, `run`, or what the language calls it. */
  name: z.string(),
  /**
   * `warm` where a program that waited for it was used, `cached` where what it made before was taken and it did not run.
   * Absent where it did not come to a start.
   */
  start: z.enum(['cold', 'warm', 'cached']).optional(),
  verdict: VerdictSchema,
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  usage: UsageSchema,
  /** Which limit ended it, where one did: a key of `limits`. */
  limit: z.string().nullable(),
  diagnostics: z.array(DiagnosticSchema),
});
export type StageResult = z.infer<typeof StageResultSchema>;

export const TextEncodingSchema = z.enum(['utf8', 'base64']);

/** What `executions.create` answers with, and what the store keeps. */
export const ExecutionResultSchema = z.object({
  id: z.string(),
  /** `null` until it is settled. */
  verdict: VerdictSchema.nullable(),
  status: z.enum(['running', 'settled']),
  exitCode: z.int().nullable(),
  /** E.g. `SIGKILL`. */
  signal: z.string().nullable(),
  stdout: z.string(),
  stderr: z.string(),
  /** `base64` where the output is not valid UTF-8. */
  encoding: z.object({ stdout: TextEncodingSchema, stderr: TextEncodingSchema }),
  /** Whether output was cut at `limits.outputBytes`. */
  truncated: z.object({ stdout: z.boolean(), stderr: z.boolean() }),
  usage: UsageSchema,
  stages: z.array(StageResultSchema),
  language: z.object({ name: z.string(), version: z.string() }),
  /** `null` before one was assigned, and for answers from a cache. */
  sandbox: z
    .object({
      id: z.string(),
      driver: z.string(),
      /** What the box was made of, where that was an image. */
      image: z.object({ reference: z.string(), digest: z.string() }).optional(),
    })
    .nullable(),
  /** What really held this execution; `null` where none ran. */
  enforced: EnforcementSchema.nullable(),
  /** Whether an earlier run's result answered, from which cache, and how old it was. */
  cache: z.object({ hit: z.boolean(), layer: z.string().optional(), ageMs: z.number().optional() }),
  /** Why it is `lost` or `interrupted`. */
  error: z.object({ code: z.string(), message: z.string(), retryable: z.boolean() }).nullable(),
  labels: z.record(z.string(), z.string()),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  settledAt: z.string().nullable(),
});
export type ExecutionResult = z.infer<typeof ExecutionResultSchema>;

/** One `executions.event`. `seq` counts from 1 without gaps within one execution. */
export const ExecutionEventSchema = z.object({
  id: z.string(),
  seq: z.int(),
  /** `accepted`, `started`, `stage`, `stdout`, `stderr`, `settled`. */
  type: z.enum(['accepted', 'started', 'stage', 'stdout', 'stderr', 'settled']),
  /** Output: the text, or base64 where `encoding` says so. Otherwise an object that describes the event. */
  data: z.union([z.string(), z.record(z.string(), z.unknown())]),
  encoding: z.literal('base64').optional(),
});
export type ExecutionEvent = z.infer<typeof ExecutionEventSchema>;
