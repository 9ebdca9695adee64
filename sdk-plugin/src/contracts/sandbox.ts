import { tokens } from '../token.ts';
import type { Enforcement } from './enforcement.ts';
import type { Limits, StageResult, Verdict } from './execution.ts';
import type { LiveSpec } from './live.ts';

/** Abilities beyond creating, running and destroying. What a driver lacks is refused as `unsupported`, by name. */
export type SandboxCapability =
  'pause' | 'snapshot' | 'memory-snapshot' | 'volumes' | 'ports' | 'network-policy' | 'gpu' | 'stats' | 'warm' | 'live';

/** Where the toolchains of boxes come from: the host's own files, shown read-only, or an image. */
export type ToolchainSource = 'host' | 'image';

/** What a driver found out about this host by really building a box and running a canary in it. */
export interface DriverReport {
  /** Whether a box could be built and the canary printed, and failed to read the secret planted for it. */
  readonly available: boolean;
  /** Why not, where it is not. */
  readonly reason: string | null;
  readonly enforced: Enforcement;
  readonly capabilities: readonly SandboxCapability[];
  /** What an operator can do to have more enforced; empty when nothing is missing. */
  readonly advice: readonly string[];
  /** Where the toolchains of its boxes come from; absent means the host. */
  readonly toolchains?: ToolchainSource;
}

/** What a driver knows of an image. */
export interface ImageReport {
  readonly available: boolean;
  /** Why not, and what to do, where it is not. */
  readonly reason: string | null;
  /** E.g. `sha256:…`; `null` where it is not there. */
  readonly digest: string | null;
  /** Its labels. `soulbox.language.version` and `soulbox.language.versions` (comma-separated) tell of its toolchain. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A box: the outer wall. It belongs to one tenant for its whole life. */
export interface SandboxSpec {
  /** Absolute host paths, files or folders, that boxes need read-only: the toolchains of the languages. */
  readonly paths: readonly string[];
  /** The image that it is made of, for drivers whose toolchains come from images. */
  readonly image?: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface SandboxInfo {
  readonly id: string;
  readonly state: 'running' | 'paused' | 'exited';
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What it was made of, where that was an image. */
  readonly image?: { readonly reference: string; readonly digest: string };
}

/** What a box, or one run in it, has used and uses now; `null` where this host cannot tell. */
export interface SandboxStats {
  /** When it was read, in milliseconds since the epoch. */
  readonly at: number;
  /** User and system time since it began. */
  readonly cpuMs: number | null;
  readonly memoryBytes: number | null;
  readonly peakMemoryBytes: number | null;
  /** Processes and threads alive. */
  readonly processes: number | null;
  readonly readBytes: number | null;
  readonly writtenBytes: number | null;
}

export interface BoxStats {
  readonly box: SandboxStats;
  /** By the ids of the runs under way. */
  readonly runs: Readonly<Record<string, SandboxStats>>;
}

export interface BoxFile {
  /** Relative to the working directory; already checked to stay inside. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly executable?: boolean;
}

/**
 * A program that is started ahead of need and waits, in an inner box of its own, until one execution takes it. It is used
 * once. What it speaks with the agent is told in `agent/PROTOCOL.md`.
 */
export interface WarmProgram {
  /** `start`: started anew in each inner box. `fork`: started and loaded once, then forked into each inner box. */
  readonly kind: 'start' | 'fork';
  /** `argv[0]` is an absolute path. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Of `start`: written into the working directory before it starts; it takes it away itself. */
  readonly file?: BoxFile;
  /** What the names of variables begin with that it reads when it starts: a stage whose `env` differs there is started cold. */
  readonly startVariables: readonly string[];
}

/** How many of a program should wait in a box, for executions with just these limits. `0` ends those that wait. */
export interface WarmDemand {
  readonly program: WarmProgram;
  readonly limits: Limits;
  readonly count: number;
}

/** One program of an execution. Stages run one after another in the same inner box; the first that is not `ok` ends it. */
export interface Stage {
  readonly name: string;
  /** `argv[0]` is an absolute path. The program starts in the working directory. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether standard input goes to this stage; others get an empty one. */
  readonly stdin: boolean;
  /** What may take the place of `argv` where it waits in the box: it behaves like it, but has started already. */
  readonly warm?: WarmProgram;
  /**
   * A file that it makes, by its path in the working directory: after a stage that is `ok`, drivers that can send it as
   * events of type `file`.
   */
  readonly keep?: string;
}

/** One execution: an inner box of its own within the box. */
export interface RunSpec {
  readonly id: string;
  readonly files: readonly BoxFile[];
  readonly stages: readonly Stage[];
  readonly limits: Limits;
}

export interface RunOutcome {
  readonly verdict: Exclude<Verdict, 'interrupted'>;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stages: readonly StageResult[];
  readonly truncated: { readonly stdout: boolean; readonly stderr: boolean };
  readonly enforced: Enforcement;
}

/** `end` comes exactly once and last. */
export type RunEvent =
  | { readonly type: 'stage'; readonly name: string }
  | { readonly type: 'stdout' | 'stderr'; readonly data: Uint8Array }
  /** A piece of what `keep` of the stage that has ended names; the file is whole with the `last` one. None of one that is no regular file or has more than 32 MiB. */
  | { readonly type: 'file'; readonly data: Uint8Array; readonly last: boolean }
  | { readonly type: 'end'; readonly outcome: RunOutcome };

export interface RunOptions {
  /** Standard input in order; its end closes the program's. Absent means empty. Read no faster than the program reads. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Aborting ends everything in the inner box; the outcome's verdict is then `cancelled`. */
  readonly signal: AbortSignal;
}

/** Makes boxes and runs programs in them. Every method rejects with a SoulboxError. */
export interface SandboxDriver {
  /** Builds a box, runs the canary and takes the box away again. Never throws for a missing ability of the host. */
  probe(options: { readonly signal: AbortSignal }): Promise<DriverReport>;
  /** @throws sandbox_unavailable where no box can be built here. */
  create(spec: SandboxSpec, options: { readonly signal: AbortSignal }): Promise<SandboxInfo>;
  /**
   * Runs one execution. The consumer's pace is the program's: what is not read is not read from the program either.
   * A sandbox that dies ends the run with verdict `lost`, not with an exception.
   * @throws not_found for an unknown sandbox.
   */
  run(sandboxId: string, spec: RunSpec, options: RunOptions): AsyncIterable<RunEvent>;
  /** Ends everything in it and leaves nothing behind. Destroying what is not there is not an error. */
  destroy(sandboxId: string): Promise<void>;
  list(): Promise<readonly SandboxInfo[]>;
  /** Of drivers whose toolchains come from images. Never fetches one. */
  image?(reference: string, options: { readonly signal: AbortSignal }): Promise<ImageReport>;
  /**
   * With the capability `warm`: from now on, as many wait in the box, and others take the place of those that are used.
   * Resolves when the box has been told, not when they wait. @throws not_found, sandbox_lost
   */
  warm?(sandboxId: string, demand: WarmDemand): Promise<void>;
  /**
   * With the capability `live`: makes a sandbox that stays. It goes on when this host ends, in whatever way, until it is
   * destroyed. Resolves when its live service can be connected to. @throws sandbox_unavailable, cancelled
   */
  createLive?(spec: LiveSpec, options: { readonly signal: AbortSignal }): Promise<SandboxInfo>;
  /**
   * A connection to the live service of such a sandbox: what it is sent, and what it sends. One at a time: a newer
   * connection ends the one before. @throws not_found, sandbox_lost
   */
  connect?(
    sandboxId: string,
    input: AsyncIterable<Uint8Array>,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  /**
   * Takes over those that stay of this deployment's hosts that ended. From then on they are this driver's, in `list` too;
   * the host destroys those that it knows nothing of. Those of living hosts are left alone.
   */
  adopt?(): Promise<readonly SandboxInfo[]>;
  /** With the capability `pause`: nothing in a sandbox that stays runs until it is resumed. @throws not_found */
  pause?(sandboxId: string): Promise<void>;
  resume?(sandboxId: string): Promise<void>;
  /** With the capability `stats`. @throws not_found */
  stats?(sandboxId: string): Promise<BoxStats>;
  /** Takes away what earlier, dead hosts of this deployment left behind; never anything foreign. Returns how many things. */
  reconcile(): Promise<number>;
}
export const SandboxDriver = tokens<SandboxDriver>('sandbox-driver', '1.2.0', [
  'probe',
  'create',
  'run',
  'destroy',
  'list',
  'reconcile',
]);
