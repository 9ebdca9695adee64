import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { LiveSpec } from '../../src/contracts/live.ts';
import { SoulboxError } from '../../src/errors.ts';
import type { HostIdentity } from './host-identity.ts';

/** What a driver finds a box that stays by when its host is gone. */
export interface LiveRecord<Made> {
  readonly id: string;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The host that has it, as `HostIdentity.label`. */
  readonly host: string;
  /** What was made for it, and is looked for; `null` before that. */
  readonly made: Made | null;
}

const fileName = 'box.json';
const idPattern = /^[a-z0-9]{1,40}$/;

/** The records of the boxes of one deployment: a folder each, where more of the box may be. `Made` is checked when it is read. */
export class LiveRecords<Made> {
  readonly #folder: string;
  readonly #schema: z.ZodType<LiveRecord<Made>>;

  constructor(folder: string, made: z.ZodType<Made>) {
    this.#folder = folder;
    this.#schema = z.object({
      id: z.string().regex(idPattern),
      createdAt: z.string(),
      labels: z.record(z.string(), z.string()),
      host: z.string(),
      made: made.nullable(),
    });
  }

  /** That of a new box, which is not written yet. @throws invalid_params for an id that is none */
  begin(
    { id, labels }: Pick<LiveSpec, 'id' | 'labels'>,
    { label: host }: HostIdentity,
  ): Omit<LiveRecord<Made>, 'made'> {
    if (!idPattern.test(id)) throw new SoulboxError('invalid_params', 'the id of the sandbox is not possible');
    return { id, createdAt: new Date().toISOString(), labels: { ...labels }, host };
  }

  folderOf(id: string): string {
    return join(this.#folder, id);
  }

  /** Whole or not at all, also where the machine stops meanwhile. */
  async write(record: LiveRecord<Made>): Promise<void> {
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
  async all(): Promise<readonly LiveRecord<Made>[]> {
    const names = await readdir(this.#folder).catch(() => [] as string[]);
    const read = await Promise.all(names.map((name) => this.#read(name)));
    return read.filter((record) => record !== undefined);
  }

  /** Those whose host is gone. */
  async orphans(identity: HostIdentity): Promise<readonly LiveRecord<Made>[]> {
    return (await this.all()).filter(({ host }) => identity.isGone(host));
  }

  async #read(name: string): Promise<LiveRecord<Made> | undefined> {
    try {
      const record = this.#schema.safeParse(JSON.parse(await readFile(join(this.#folder, name, fileName), 'utf8')));
      return record.success && record.data.id === name ? record.data : undefined;
    } catch {
      return undefined;
    }
  }
}
