import type { SandboxSpec } from './sandbox.ts';

/** What holds a sandbox that stays. It has no limit of time of its own: the host ends it. */
export interface LiveLimits {
  readonly memoryBytes: number;
  /** Of its home, temporary folder and shared memory together. */
  readonly diskBytes: number;
  readonly processes: number;
}

/** A folder of this machine that a sandbox sees. */
export interface LiveMount {
  /** Absolute, on this machine; made by the host or its plugins, never named by a client. */
  readonly source: string;
  /** Absolute, in the sandbox, below `/home/sandbox` or `/mnt`. */
  readonly path: string;
  readonly readOnly: boolean;
}

/** A sandbox that stays: a box whose only inner box runs the live service (`agent/LIVE.md`). */
export interface LiveSpec extends SandboxSpec {
  /** Chosen by the host: small letters and digits, at most 40. The driver's id of it too. */
  readonly id: string;
  readonly limits: LiveLimits;
  readonly mounts: readonly LiveMount[];
  /** Whether connections of its programs are handed to the host, which decides on each; else they have no network at all. */
  readonly gateway: boolean;
}

export type FileType = 'file' | 'folder' | 'link' | 'other';

export interface FileEntry {
  /** Absolute. */
  readonly path: string;
  readonly type: FileType;
  readonly size: number;
  /** The permission bits: `0o644`. */
  readonly mode: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /** Of links. */
  readonly target?: string;
  readonly uid: number;
}

export interface WriteOptions {
  readonly append?: boolean;
  /** @throws path_exists where there is something already. */
  readonly exclusive?: boolean;
  /** Makes the folders above it. */
  readonly parents?: boolean;
  /** Whole or not at all: readers see the old content until the new is complete. Not together with `append`. */
  readonly atomic?: boolean;
  readonly mode?: number;
}

export type WatchEvent =
  /** First, once: how many folders are watched. */
  | { readonly type: 'ready'; readonly folders: number }
  | { readonly type: 'created' | 'written' | 'removed' | 'attributes'; readonly path: string }
  | { readonly type: 'renamed'; readonly path: string; readonly to: string }
  /** Too much happened at once: look again. */
  | { readonly type: 'lost' };

export interface SearchQuery {
  /** A shell pattern for names: `*.py`. */
  readonly name?: string;
  readonly text?: string;
  /** Whether `text` is a POSIX extended regular expression. */
  readonly expression?: boolean;
  readonly anyCase?: boolean;
  readonly most?: number;
}

export interface SearchMatch {
  readonly path: string;
  /** Of matches of `text`, from 1. */
  readonly line?: number;
  readonly column?: number;
  readonly text?: string;
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

export interface ProcessSpec {
  /** A program without a slash is looked for in `PATH`. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Default: `/home/sandbox`. */
  readonly cwd?: string;
  /** Whether it has a standard input; else an empty one. */
  readonly stdin?: boolean;
  readonly terminal?: TerminalSize;
  /** Whether it has a stream of its own on descriptor 3, both ways, beside the standard ones. */
  readonly control?: boolean;
  /** How much of its output is kept for those who attach later. Default: 1 MiB; at most 8 MiB. */
  readonly keptBytes?: number;
  readonly timeoutMs?: number;
  readonly tag?: string;
}

export interface ProcessInfo {
  /** Of the live service; never used again in this sandbox. */
  readonly id: number;
  /** In the sandbox. */
  readonly pid: number;
  readonly tag?: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly startedAt: number;
  readonly state: 'running' | 'ended';
  readonly exitCode: number | null;
  /** `SIGKILL`. */
  readonly signal: string | null;
  readonly endedAt: number | null;
  readonly timedOut: boolean;
  readonly killedForMemory: boolean;
  /** Bytes of output so far, over all streams. */
  readonly emitted: number;
  /** The offset of the first byte that is still kept. */
  readonly oldest: number;
  readonly terminal: boolean;
}

export type ProcessEvent =
  | {
      readonly type: 'output';
      readonly stream: 'stdout' | 'stderr' | 'control';
      /** Of its first byte, counted over all streams. */
      readonly offset: number;
      readonly data: Uint8Array;
    }
  /** What lay between these offsets is lost. */
  | { readonly type: 'gap'; readonly from: number; readonly to: number }
  /** Last. */
  | { readonly type: 'ended'; readonly process: ProcessInfo };

export type GatewayEvent =
  | { readonly type: 'connection'; readonly connection: number; readonly address: string; readonly port: number }
  | { readonly type: 'question'; readonly question: number; readonly message: Uint8Array };

interface Abortable {
  readonly signal?: AbortSignal;
}

/**
 * What a host can do in a sandbox that stays. Paths are absolute or relative to `/home/sandbox`; it is done as the
 * sandbox's user. Every method rejects with a SoulboxError: `sandbox_lost` when the sandbox is gone, `cancelled` when the signal
 * came first, `path_not_found`, `path_exists`, `path_denied`, `not_a_folder`, `is_a_folder`, `folder_not_empty`, `disk_full`,
 * `process_not_found`, `process_ended`, `port_closed`, `payload_too_large`, `invalid_params`, `unsupported`.
 * Iterables are read no faster than they are consumed, and leaving one early ends the call.
 */
export interface LiveAgent {
  stat(path: string, options?: { readonly follow?: boolean }): Promise<FileEntry>;
  /** In pieces. `depth` 1: what is in it. */
  list(
    path: string,
    options?: { readonly depth?: number; readonly most?: number } & Abortable,
  ): AsyncIterable<readonly FileEntry[]>;
  /** Of a regular file. */
  read(
    path: string,
    options?: { readonly offset?: number; readonly length?: number } & Abortable,
  ): AsyncIterable<Uint8Array>;
  write(path: string, content: AsyncIterable<Uint8Array>, options?: WriteOptions & Abortable): Promise<FileEntry>;
  makeFolder(path: string, options?: { readonly parents?: boolean; readonly mode?: number }): Promise<FileEntry>;
  move(from: string, to: string, options?: { readonly replace?: boolean }): Promise<void>;
  /** Returns the bytes copied. */
  copy(
    from: string,
    to: string,
    options?: { readonly replace?: boolean; readonly recursive?: boolean } & Abortable,
  ): Promise<number>;
  remove(
    path: string,
    options?: { readonly recursive?: boolean; readonly missing?: boolean } & Abortable,
  ): Promise<void>;
  set(
    path: string,
    change: { readonly mode?: number; readonly modifiedAt?: number; readonly recursive?: boolean },
  ): Promise<FileEntry>;
  link(path: string, target: string): Promise<FileEntry>;
  watch(path: string, options?: { readonly recursive?: boolean } & Abortable): AsyncIterable<WatchEvent>;
  search(path: string, query: SearchQuery & Abortable): AsyncIterable<SearchMatch>;
  /** A tar of the paths. */
  pack(paths: readonly string[], options?: Abortable): AsyncIterable<Uint8Array>;
  /** Refuses what would leave the folder, and stops there. */
  unpack(
    folder: string,
    tar: AsyncIterable<Uint8Array>,
    options?: { readonly replace?: boolean; readonly mostBytes?: number; readonly mostEntries?: number } & Abortable,
  ): Promise<{ readonly entries: number; readonly bytes: number }>;
  start(spec: ProcessSpec): Promise<ProcessInfo>;
  /** From the oldest kept where `from` is absent. The pace of the consumer is that of the process. */
  attach(id: number, options?: { readonly from?: number } & Abortable): AsyncIterable<ProcessEvent>;
  /** Resolves when all is written; with `close` the input ends then. */
  input(
    id: number,
    data: AsyncIterable<Uint8Array>,
    options?: { readonly control?: boolean; readonly close?: boolean } & Abortable,
  ): Promise<void>;
  /** `name`: `SIGTERM`. With `session`, every process that its session has. */
  kill(id: number, name: string, options?: { readonly session?: boolean }): Promise<void>;
  resize(id: number, size: TerminalSize): Promise<void>;
  processes(): Promise<readonly ProcessInfo[]>;
  /** Of one that ended. */
  forget(id: number): Promise<void>;
  /**
   * A connection to a port on the sandbox's own loopback. Either side may end first: an empty piece says that the program sends
   * no more, and the call is over when `input` has ended, too.
   * @throws port_closed
   */
  dial(port: number, input: AsyncIterable<Uint8Array>, options?: Abortable): AsyncIterable<Uint8Array>;
  /** Where its programs listen. */
  ports(): Promise<readonly { readonly port: number; readonly address: string }[]>;
  /**
   * Catches TCP connections of its programs to any port of any other machine, and their questions to the DNS. Whoever asks
   * last has it; without anybody, connections are reset.
   * @throws unsupported where the sandbox was made without
   */
  gateway(options?: Abortable): AsyncIterable<GatewayEvent>;
  /** Of the gateway under way. */
  answer(question: number, message: Uint8Array): Promise<void>;
  /** As {@link dial}. */
  take(connection: number, input: AsyncIterable<Uint8Array>, options?: Abortable): AsyncIterable<Uint8Array>;
  drop(connection: number): Promise<void>;
}
