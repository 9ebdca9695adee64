import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';

export interface CompileCacheOptions {
  /** Made where it is missing, for its owner alone. */
  readonly folder: string;
  /** All entries together have no more. */
  readonly maximumBytes: number;
  readonly log: Logger;
}

const secretName = 'secret';
const secretBytes = 32;
const sealBytes = 32;
const entryName = /^[0-9a-f]{64}$/;
/** More wait for the disk at one time only where it is too slow to be of use. */
const mostWrites = 8;

/**
 * What compilers have made, on disk. An entry is sealed with a secret of this folder: one that was cut, changed or put in
 * the place of another is as good as none. Whatever fails here costs nothing but a compilation.
 */
export class CompileCache {
  private readonly options: CompileCacheOptions;
  private readonly secret: Buffer;
  /** Bytes of each entry, the one used last at the end. */
  private readonly entries = new Map<string, number>();
  private readonly writes = new Map<string, Promise<void>>();
  private bytes = 0;

  private constructor(options: CompileCacheOptions, secret: Buffer) {
    this.options = options;
    this.secret = secret;
  }

  /** `undefined`, and said in the log, where the folder cannot be used. */
  static async open(options: CompileCacheOptions): Promise<CompileCache | undefined> {
    try {
      await mkdir(options.folder, { recursive: true, mode: 0o700 });
      const cache = new CompileCache(options, await secretOf(options.folder));
      await cache.load();
      return cache;
    } catch (thrown) {
      options.log.warn({ err: thrown }, 'what compilers make is not kept');
      return undefined;
    }
  }

  /** The name of the entry for what `decisive` says: everything that decides what a compiler makes. */
  name(decisive: string): string {
    return createHmac('sha256', this.secret).update('name').update(decisive).digest('hex');
  }

  async find(name: string): Promise<Buffer | undefined> {
    if (!this.entries.has(name)) return undefined;
    const path = join(this.options.folder, name);
    const sealed = await readFile(path).catch(() => undefined);
    const content = sealed && this.opened(name, sealed);
    if (!content) {
      this.forget(name);
      await rm(path, { force: true, recursive: true }).catch(() => undefined);
      return undefined;
    }
    this.remember(name, sealed.length);
    // Of use to the next host only.
    const now = new Date();
    void utimes(path, now, now).catch(() => undefined);
    return content;
  }

  /** Keeps it, off the path of whoever asks. Never throws. */
  keep(name: string, content: Uint8Array): void {
    const { maximumBytes, log } = this.options;
    if (content.length + sealBytes > maximumBytes || this.writes.has(name) || this.writes.size >= mostWrites) return;
    const writing = this.write(name, content)
      .catch((thrown: unknown) => log.debug({ err: thrown }, 'what a compiler made could not be kept'))
      .finally(() => this.writes.delete(name));
    this.writes.set(name, writing);
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await Promise.all(this.writes.values());
  }

  private seal(name: string, content: Uint8Array): Buffer {
    return createHmac('sha256', this.secret).update('entry').update(name).update(content).digest();
  }

  private opened(name: string, sealed: Buffer): Buffer | undefined {
    if (sealed.length < sealBytes) return undefined;
    const content = sealed.subarray(sealBytes);
    return timingSafeEqual(sealed.subarray(0, sealBytes), this.seal(name, content)) ? content : undefined;
  }

  private async write(name: string, content: Uint8Array): Promise<void> {
    const path = join(this.options.folder, name);
    const draft = `${path}.${randomBytes(6).toString('hex')}`;
    try {
      await writeFile(draft, [this.seal(name, content), content], { flag: 'wx', mode: 0o600 });
      await rename(draft, path);
    } catch (thrown) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw thrown;
    }
    this.remember(name, sealBytes + content.length);
    await this.makeRoom();
  }

  private async makeRoom(): Promise<void> {
    for (const name of this.entries.keys()) {
      if (this.bytes <= this.options.maximumBytes) return;
      this.forget(name);
      await rm(join(this.options.folder, name), { force: true, recursive: true });
    }
  }

  private remember(name: string, bytes: number): void {
    this.forget(name);
    this.entries.set(name, bytes);
    this.bytes += bytes;
  }

  private forget(name: string): void {
    this.bytes -= this.entries.get(name) ?? 0;
    this.entries.delete(name);
  }

  private async load(): Promise<void> {
    const { folder } = this.options;
    const names = (await readdir(folder)).filter((name) => name !== secretName);
    const found: { name: string; size: number; usedAt: number }[] = [];
    for (const name of names) {
      const { size, mtimeMs } = await stat(join(folder, name));
      if (entryName.test(name)) found.push({ name, size, usedAt: mtimeMs });
      // A host ended while it wrote this.
      else await rm(join(folder, name), { force: true, recursive: true });
    }
    for (const { name, size } of found.toSorted((a, b) => a.usedAt - b.usedAt)) this.remember(name, size);
    await this.makeRoom();
  }
}

/** Made once. Entries that another one sealed are taken away when they are asked for. */
async function secretOf(folder: string): Promise<Buffer> {
  const path = join(folder, secretName);
  const present = await readFile(path).catch(() => undefined);
  if (present?.length === secretBytes) return present;
  const secret = randomBytes(secretBytes);
  await writeFile(path, secret, { mode: 0o600 });
  return secret;
}
