import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { SoulboxError } from '@soulbox/plugin-sdk';

export interface Archive {
  readonly bytes: number;
  readonly sha256: string;
}

const ending = '.tar';
const pieceBytes = 256 * 1024;

function withoutRoom(thrown: unknown): unknown {
  const { code } = thrown as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new SoulboxError('storage_failed', 'the host has no room for the snapshot', { cause: thrown })
    : thrown;
}

/** One that is being written; nothing of it is left unless {@link keep} was called. */
export class Draft {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #most: number;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  constructor(path: string, file: FileHandle, most: number) {
    this.#path = path;
    this.#file = file;
    this.#most = most;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @throws payload_too_large, storage_failed */
  async add(piece: Uint8Array): Promise<void> {
    this.#bytes += piece.length;
    if (this.#bytes > this.#most)
      throw new SoulboxError('payload_too_large', `the snapshot has more than ${this.#most} bytes`, {
        details: { maximum: this.#most },
      });
    this.#hash.update(piece);
    await this.#file.writeFile(piece).catch((thrown: unknown) => {
      throw withoutRoom(thrown);
    });
  }

  /** Durable, under its own name. */
  async keep(): Promise<Archive> {
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#path, this.#path.slice(0, -partial.length));
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async drop(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(this.#path, { force: true });
  }
}

const partial = '.partial';

/** The archives in a folder of the host: uncompressed tars, each named by its snapshot. */
export class Archives {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Takes away what is cut off, and what no record names. */
  async open(known: ReadonlySet<string>): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#folder))
      if (!name.endsWith(ending) || !known.has(name.slice(0, -ending.length))) await rm(join(this.#folder, name));
  }

  async draft(id: string, most: number): Promise<Draft> {
    const path = this.#path(id) + partial;
    return new Draft(path, await open(path, 'wx', 0o600), most);
  }

  /** @throws storage_failed for one that is not there */
  async size(id: string): Promise<number> {
    const { size } = await stat(this.#path(id)).catch((thrown: unknown) => {
      throw new SoulboxError('storage_failed', 'the archive of the snapshot is missing', { cause: thrown });
    });
    return size;
  }

  /** @throws storage_failed at its end where it is not what was kept */
  async *read(id: string, { bytes, sha256 }: Archive): AsyncGenerator<Uint8Array> {
    const damaged = () => new SoulboxError('storage_failed', 'the archive of the snapshot is damaged');
    if ((await this.size(id)) !== bytes) throw damaged();
    const hash = createHash('sha256');
    for await (const piece of createReadStream(this.#path(id), { highWaterMark: pieceBytes })) {
      hash.update(piece as Buffer);
      yield piece as Buffer;
    }
    if (hash.digest('hex') !== sha256) throw damaged();
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
  }

  #path(id: string): string {
    return join(this.#folder, id + ending);
  }
}
