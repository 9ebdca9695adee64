import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The top of the tree, seen from `test/dist/support/`. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));
const command = join(root, 'config/bin/soulbox.js');

/** Where tests keep what toolchains make once: the test runner removes its own. Not below /tmp, which every box has anew. */
export const cacheFolder = process.env['XDG_CACHE_HOME'] ?? `/var/tmp/soulbox-test-cache-${process.getuid?.()}`;

/** A new user's home: nothing configured, nothing stored but the caches of toolchains. Removed by `dispose`. */
export interface Home extends AsyncDisposable {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

export async function makeHome(): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'soulbox-home-'));
  const { PATH, NODE_V8_COVERAGE } = process.env;
  const env = {
    PATH,
    HOME: folder,
    XDG_CACHE_HOME: cacheFolder,
    ...(NODE_V8_COVERAGE === undefined ? {} : { NODE_V8_COVERAGE }),
  };
  return { folder, env, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export type SoulboxProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** Starts the command line as a user would. */
export function spawnSoulbox(home: Home, args: readonly string[], options: RunOptions = {}): SoulboxProcess {
  return spawn(process.execPath, [command, ...args], {
    cwd: options.cwd ?? root,
    env: { ...home.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Runs the command line to its end. */
export async function soulbox(home: Home, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = spawnSoulbox(home, args, options);
  child.stdin.end(options.stdin ?? '');
  const code = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject));
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
  return { code: await code, stdout, stderr };
}
