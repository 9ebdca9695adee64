import { createServer, type Server } from 'node:net';
import { readFileSync } from 'node:fs';
import { SoulboxError } from '../../src/errors.ts';

export interface UidBlock {
  /** The first host uid (and gid) of the block. */
  readonly base: number;
  readonly count: number;
  /** What holds it: whichever process has this descriptor open, too. */
  readonly descriptor: number;
  /** Lets go of it here. */
  release(): Promise<void>;
}

export interface UidRange {
  readonly base: number;
  readonly count: number;
  readonly blocks: number;
}

/**
 * Gives each box host uids that no other living box on this machine has, also of other hosts. A block is held by
 * listening on an abstract unix socket of its name: the kernel grants a name once and frees it with the process,
 * however that dies, so nothing can be left behind.
 */
export class UidBlocks {
  readonly #range: UidRange;
  #next = 0;

  constructor(range: UidRange) {
    this.#range = range;
  }

  /** @throws sandbox_unavailable when every block is in use. */
  async take(): Promise<UidBlock> {
    const { base, count, blocks } = this.#range;
    for (let tries = 0; tries < blocks; tries++) {
      const first = base + (this.#next++ % blocks) * count;
      const server = await hold(`soulbox/uids/${first}`);
      if (server) return blockOf(first, count, server);
    }
    throw new SoulboxError('sandbox_unavailable', 'every block of user ids is in use by a sandbox');
  }

  /** The block that a box of an earlier host has. `undefined` where another holds it. */
  async keep(base: number): Promise<UidBlock | undefined> {
    const server = await hold(`soulbox/uids/${base}`);
    return server && blockOf(base, this.#range.count, server);
  }
}

/** @throws sandbox_unavailable unless all uids of the range exist in this process's user namespace. */
export function checkUidRange({ base, count, blocks }: UidRange, uidMap = '/proc/self/uid_map'): void {
  const end = base + count * blocks;
  const extents = readFileSync(uidMap, 'latin1').trim().split('\n');
  const fits = extents.some((line) => {
    const [inside, , length] = line.trim().split(/\s+/).map(Number);
    return inside !== undefined && length !== undefined && base >= inside && end <= inside + length;
  });
  if (!fits)
    throw new SoulboxError('sandbox_unavailable', 'the configured user ids do not exist in this user namespace', {
      details: { advice: ['Set uidBase, uidCount and uidBlocks within /proc/self/uid_map.'] },
    });
}

function blockOf(base: number, count: number, server: Server): UidBlock {
  return { base, count, descriptor: descriptorOf(server), release: () => close(server) };
}

function hold(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(new SoulboxError('sandbox_unavailable', 'user ids cannot be reserved', { cause: error }));
    });
    server.listen(`\0${name}`, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** Node.js has no public name for it. */
function descriptorOf(server: Server): number {
  return (server as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
