import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { keptAnswer } from './kept-answers.ts';

/**
 * A toolchain that cannot be used. `message` says why and what to install, in words that clients may read;
 * `detail` may name paths of the host, and is for the log.
 */
export class ToolchainUnusable extends Error {
  override readonly name = 'ToolchainUnusable';
  readonly detail: string;

  constructor(message: string, detail: string = message) {
    super(message);
    this.detail = detail;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Where a command can be found, best first: an absolute path is itself, a name is looked up in the folders of `PATH`. */
export function findCommand(command: string, path: string = process.env['PATH'] ?? ''): string[] {
  const candidates = isAbsolute(command)
    ? [command]
    : path
        .split(delimiter)
        .filter((folder) => isAbsolute(folder))
        .map((folder) => join(folder, command));
  return [...new Set(candidates)].filter(isExecutable);
}

export interface ProbeOptions {
  /** The whole environment of the program; default: none but `PATH` and `HOME` of the host. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: 10,000. */
  readonly timeoutMs?: number;
  /** Aborting ends the program, and counts as its failure. */
  readonly signal?: AbortSignal;
  /**
   * Keeps the answer for later starts, as long as the program and all that the arguments and the answer name are what they
   * were. Not for a program that chooses another by settings, as version managers' do.
   */
  readonly keep?: boolean;
}

function hostPaths(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME };
}

function unanswered(thrown: unknown, otherwise: string): ToolchainUnusable {
  const { killed, code } = thrown as { killed?: boolean; code?: number | string };
  const why = killed === true ? 'it did not answer in time' : `it failed (${code ?? otherwise})`;
  return new ToolchainUnusable(`the program found could not be asked about itself: ${why}`, String(thrown));
}

/**
 * Runs a toolchain's own program with a clean environment and no input, and answers with what it prints.
 * @throws ToolchainUnusable when it cannot be started, fails, or takes too long.
 */
export async function probeText(
  file: string,
  args: readonly string[],
  options: ProbeOptions = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const env = options.env ?? hostPaths();
  const ask = () => run(file, args, env, options);
  return options.keep === true ? keptAnswer({ file, args, env }, ask) : ask();
}

async function run(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  options: ProbeOptions,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const running = promisify(execFile)(file, args, {
    cwd: '/',
    env,
    timeout: options.timeoutMs ?? 10_000,
    killSignal: 'SIGKILL',
    maxBuffer: 1 << 20,
    signal: options.signal,
  });
  running.child.stdin?.end();
  return running.catch((thrown: unknown) => {
    throw unanswered(thrown, 'a signal');
  });
}

/**
 * As {@link probeText}, and parses what it prints on standard output as JSON.
 * @throws ToolchainUnusable also when it prints something else.
 */
export async function probe(file: string, args: readonly string[], options: ProbeOptions = {}): Promise<unknown> {
  const { stdout } = await probeText(file, args, options);
  try {
    return JSON.parse(stdout);
  } catch (thrown) {
    throw unanswered(thrown, 'not JSON');
  }
}

/**
 * Tries candidates in turn and answers with the first that `inspect` accepts.
 * @throws ToolchainUnusable: what the first candidate said, or `missing` when there is none.
 */
export async function firstUsable<T>(
  candidates: readonly string[],
  inspect: (candidate: string) => Promise<T>,
  missing: string,
): Promise<T> {
  let first: ToolchainUnusable | undefined;
  for (const candidate of candidates) {
    try {
      return await inspect(candidate);
    } catch (thrown) {
      if (!(thrown instanceof ToolchainUnusable)) throw thrown;
      first ??= thrown;
    }
  }
  throw first ?? new ToolchainUnusable(missing);
}

/** What `inspect` accepts of some candidates; those that cannot be used are passed over. */
export async function everyUsable<T>(
  candidates: readonly string[],
  inspect: (candidate: string) => Promise<T>,
): Promise<T[]> {
  const inspected = await Promise.allSettled(candidates.map(inspect));
  return inspected.flatMap((result) => {
    if (result.status === 'fulfilled') return [result.value];
    if (result.reason instanceof ToolchainUnusable) return [];
    throw result.reason;
  });
}

/** The usual toolchain, then the others by their versions, the newest first; of one version the first. */
export function newestFirst<T extends { readonly version: string }>(usual: T, others: readonly T[]): [T, ...T[]] {
  const byVersion = new Map(others.toReversed().map((other) => [other.version, other]));
  byVersion.delete(usual.version);
  return [usual, ...[...byVersion.values()].toSorted((a, b) => (atLeast(a.version, b.version) ? -1 : 1))];
}

/** Whether the version `1.2.3` is at least the other; missing parts count as 0. */
export function atLeast(version: string, minimum: string): boolean {
  const parts = (text: string): number[] => text.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const have = parts(version);
  for (const [index, need] of parts(minimum).entries()) {
    const found = have[index] ?? 0;
    if (found !== need) return found > need;
  }
  return true;
}
