import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startProgram } from '@soulbox/plugin-sdk/testing';
import { needs } from './needs.ts';

const run = promisify(execFile);

/** What to give as a test's `skip`. */
export const noRedis = needs('redis-server', 'redis-cli');

/** A Redis of one test's own. */
export interface RedisServer extends AsyncDisposable {
  /** For `url` of cache-redis. */
  readonly url: string;
  signal(signal: NodeJS.Signals): void;
  /** Ends it, as a crash would. */
  kill(): Promise<void>;
  startAgain(): Promise<void>;
  /** Has `redis-cli` run a command and gives what it printed. */
  cli(...command: readonly string[]): Promise<string>;
}

/** Starts one on a socket in a folder of its own; `options` are the server's. */
export async function startRedis(...options: readonly string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'soulbox-redis-'));
  const socket = join(folder, 'redis.sock');
  const own = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', '--appendonly', 'no'];
  const start = () => startProgram(['redis-server', ...own, ...options], { ready: /ready to accept connections/i });
  let program = await start();
  return {
    url: `unix:${socket}`,
    signal: (signal) => program.signal(signal),
    kill: () => program.stop(),
    startAgain: async () => {
      program = await start();
    },
    cli: async (...command) => (await run('redis-cli', ['-s', socket, ...command])).stdout.trim(),
    [Symbol.asyncDispose]: async () => {
      await program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
