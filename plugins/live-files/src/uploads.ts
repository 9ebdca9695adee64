import { randomUUID } from 'node:crypto';
import { SoulboxError, type FileEntry } from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';

/** Writes what comes; resolves when all has come and lies in the sandbox. */
export type WriteContent = (content: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<FileEntry>;

interface Part {
  readonly bytes: Uint8Array;
  /** The one who sent it may send the next. */
  readonly taken: () => void;
}

/** A file on its way into a sandbox: its parts are taken at the pace of the sandbox. */
class Upload {
  readonly tenant: string;
  readonly sandbox: string;
  readonly #finished: Promise<FileEntry>;
  readonly #idleMs: number;
  readonly #forget: () => void;
  readonly #abort = new AbortController();
  #part: Part | undefined;
  #wake: () => void = () => undefined;
  #isWhole = false;
  #offset = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    { tenant, sandbox }: Pick<Upload, 'tenant' | 'sandbox'>,
    write: WriteContent,
    idleMs: number,
    forget: () => void,
  ) {
    this.tenant = tenant;
    this.sandbox = sandbox;
    this.#idleMs = idleMs;
    this.#forget = forget;
    this.#finished = write(this.#content(), this.#abort.signal);
    // Whoever sends the next part, or commits, is told.
    this.#finished.catch(() => this.#wake());
    this.#rest();
  }

  #rest(): void {
    clearTimeout(this.#timer);
    if (!this.#isWhole) this.#timer = setTimeout(() => this.abort(), this.#idleMs).unref();
  }

  async *#content(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const part = this.#part;
      if (part) {
        yield part.bytes;
        this.#part = undefined;
        part.taken();
      } else if (this.#isWhole || this.#abort.signal.aborted) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /**
   * Resolves when it is taken. One at a time, so that the host holds no more than that.
   * @throws conflict where it is not the next, or the one before is not taken yet; what the writing failed with
   */
  async add(offset: number, bytes: Uint8Array): Promise<number> {
    if (offset !== this.#offset || this.#isWhole || this.#part)
      throw new SoulboxError('conflict', 'this is not the part that comes next, or the one before is on its way', {
        details: { offset: this.#offset },
      });
    this.#rest();
    this.#offset += bytes.length;
    const taken = new Promise<void>((resolve) => (this.#part = { bytes, taken: resolve }));
    this.#wake();
    try {
      await Promise.race([taken, this.#finished]);
    } catch (thrown) {
      this.#end();
      throw thrown;
    }
    this.#rest();
    return this.#offset;
  }

  async commit(): Promise<FileEntry> {
    clearTimeout(this.#timer);
    this.#isWhole = true;
    this.#wake();
    try {
      return await this.#finished;
    } finally {
      this.#end();
    }
  }

  /** Nothing of it is left. */
  abort(): void {
    this.#abort.abort();
    this.#end();
  }

  #end(): void {
    this.#isWhole = true;
    clearTimeout(this.#timer);
    this.#wake();
    this.#forget();
  }
}

/** Files on their way into sandboxes, by id. They are the tenant's that began them. */
export class Uploads {
  readonly #config: Config;
  readonly #uploads = new Map<string, Upload>();

  constructor(config: Config) {
    this.#config = config;
  }

  /** @throws overloaded */
  open(tenant: string, sandbox: string, write: WriteContent): string {
    const open = [...this.#uploads.values()].filter((upload) => upload.tenant === tenant).length;
    if (open >= this.#config.uploads)
      throw new SoulboxError('overloaded', `the tenant has ${open} uploads open, and may have no more`);
    const id = randomUUID();
    const forget = (): void => void this.#uploads.delete(id);
    this.#uploads.set(id, new Upload({ tenant, sandbox }, write, this.#config.uploadIdleMs, forget));
    return id;
  }

  /** @throws not_found */
  get(id: string, tenant: string, sandbox: string): Upload {
    const upload = this.#uploads.get(id);
    if (!upload || upload.tenant !== tenant || upload.sandbox !== sandbox)
      throw new SoulboxError('not_found', 'there is no such upload');
    return upload;
  }

  close(): void {
    for (const upload of this.#uploads.values()) upload.abort();
  }
}
