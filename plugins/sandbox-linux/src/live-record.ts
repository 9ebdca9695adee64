import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from '@soulbox/plugin-sdk';

const RecordSchema = z.object({
  id: z.string().regex(/^[a-z0-9]{1,40}$/),
  createdAt: z.string(),
  labels: z.record(z.string(), z.string()),
  /** The host that has it, as `HostIdentity.label`. */
  host: z.string(),
  /** Of the process that was started for it; `null` before that. */
  launcher: z.object({ pid: z.int().min(2), started: z.string() }).nullable(),
});
/** What a box that stays is found by when its host is gone. */
export type LiveRecord = z.infer<typeof RecordSchema>;

const fileName = 'box.json';
/** Relative to the folder of the record: absolute paths may be longer than a socket's may be. */
export const socketName = 'service';

/** The records of the boxes of one deployment: a folder each, with the socket of its live service. */
export class LiveRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  folderOf(id: string): string {
    return join(this.#folder, id);
  }

  /** Whole or not at all, also where the machine stops meanwhile. */
  async write(record: LiveRecord): Promise<void> {
    const folder = this.folderOf(record.id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const next = join(folder, `${fileName}.next`);
    await writeFile(next, JSON.stringify(record), { mode: 0o600, flush: true });
    await rename(next, join(folder, fileName));
  }

  async remove(id: string): Promise<void> {
    await rm(this.folderOf(id), { recursive: true, force: true });
  }

  /** Those that can be read. What cannot is of a box whose making was cut off before it had one. */
  async all(): Promise<LiveRecord[]> {
    const names = await readdir(this.#folder).catch(() => [] as string[]);
    const read = await Promise.all(names.map((name) => this.#read(name)));
    return read.filter((record) => record !== undefined);
  }

  async #read(name: string): Promise<LiveRecord | undefined> {
    try {
      const record = RecordSchema.safeParse(JSON.parse(await readFile(join(this.#folder, name, fileName), 'utf8')));
      return record.success && record.data.id === name ? record.data : undefined;
    } catch {
      return undefined;
    }
  }
}
