import { open, type FileHandle } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SoulboxError, type BoxStats, type SandboxInfo } from '@soulbox/plugin-sdk';
import { startTime } from '@soulbox/plugin-sdk/agent';
import type { BoxCgroups } from './cgroups.ts';
import { statsOf } from './cgroup-stats.ts';
import { Freezer } from './freezer.ts';
import { socketName, type BoxRecords, type Launcher, type WholeRecord } from './live-launcher.ts';

/** How long the kernel gets to end what was killed. */
const endMs = 10_000;
const pollMs = 5;

export function isAlive({ pid, started }: Launcher): boolean {
  return startTime('/proc', String(pid)) === started;
}

/** A box that stays, whoever made it: known by its record, its process and its cgroups. */
export class LinuxLiveBox {
  readonly #record: WholeRecord;
  readonly #records: BoxRecords;
  readonly #cgroups: Pick<BoxCgroups, 'folders' | 'remove'>;
  readonly #freezer: Freezer | undefined;
  #gone: Promise<void> | undefined;

  constructor(record: WholeRecord, records: BoxRecords, cgroups: Pick<BoxCgroups, 'folders' | 'remove'>) {
    this.#record = record;
    this.#records = records;
    this.#cgroups = cgroups;
    this.#freezer = Freezer.of(cgroups.folders);
  }

  get id(): string {
    return this.#record.id;
  }

  async info(): Promise<SandboxInfo> {
    const { id, createdAt, labels, made } = this.#record;
    const paused = isAlive(made) && (await this.#freezer?.isFrozen());
    return { id, state: paused ? 'paused' : isAlive(made) ? 'running' : 'exited', createdAt, labels };
  }

  /** @throws sandbox_lost, sandbox_paused */
  async *connect(input: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
    if (!isAlive(this.#record.made)) throw new SoulboxError('sandbox_lost', 'the sandbox is gone');
    if (await this.#freezer?.isFrozen()) throw new SoulboxError('sandbox_paused', 'the sandbox is paused');
    const folder = await open(this.#records.folderOf(this.id), 'r').catch(() => undefined);
    if (!folder) throw new SoulboxError('sandbox_lost', 'the sandbox is gone');
    const socket = socketBelow(folder);
    try {
      void send(input, socket);
      const abort = (): void => void socket.destroy();
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      for await (const chunk of socket) yield chunk as Buffer;
    } catch (cause) {
      throw new SoulboxError('sandbox_lost', 'the sandbox cannot be reached', { cause });
    } finally {
      socket.destroy();
      await folder.close();
    }
  }

  async stats(): Promise<BoxStats> {
    return { box: await statsOf(this.#cgroups.folders), runs: {} };
  }

  /** @throws unsupported where this host has nothing to do it with; sandbox_lost */
  async setPaused(paused: boolean): Promise<void> {
    if (!this.#freezer) throw new SoulboxError('unsupported', 'no cgroup here can have a sandbox stand still');
    await this.#freezer.set(paused);
  }

  /** Resolves once processes and cgroups are gone, and with them the uids are free again. */
  destroy(): Promise<void> {
    this.#gone ??= this.#destroy();
    return this.#gone;
  }

  async #destroy(): Promise<void> {
    const { made: launcher } = this.#record;
    if (isAlive(launcher)) process.kill(launcher.pid, 'SIGKILL');
    // A frozen process dies only when it may move again.
    await this.#freezer?.set(false).catch(() => undefined);
    for (let waited = 0; isAlive(launcher) && waited < endMs; waited += pollMs) await sleep(pollMs);
    await this.#cgroups.remove();
    await this.#records.remove(this.id);
  }
}

/** By the open folder: the whole path may be longer than the address of a socket can be. */
function socketBelow(folder: FileHandle): Socket {
  return connect({ path: `/proc/self/fd/${folder.fd}/${socketName}`, allowHalfOpen: true });
}

/** Resolves when it takes more, or will take nothing any more. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}

/** At the pace of the other side. How it ends, the reader of the socket is told. */
async function send(input: AsyncIterable<Uint8Array>, socket: Socket): Promise<void> {
  try {
    for await (const chunk of input) {
      if (socket.destroyed) return;
      if (!socket.write(chunk)) await drained(socket);
    }
    socket.end();
  } catch {
    socket.destroy();
  }
}
