import { randomBytes } from 'node:crypto';
import { Collection, SoulboxError, z, type Identified, type Store } from '@soulbox/plugin-sdk';

const RecordSchema = z.object({
  sandbox: z.string(),
  language: z.string(),
  version: z.string().nullable(),
  cwd: z.string().nullable(),
  env: z.record(z.string(), z.string()),
  /** Whether it serves the cells of this language that name no context. */
  usual: z.boolean(),
  createdAt: z.string(),
  process: z.number(),
});
export type ContextRecord = Identified<z.infer<typeof RecordSchema>>;

/** What is known of contexts; what they hold is in the sandboxes alone. */
export class ContextRecords {
  readonly #collection: Collection<typeof RecordSchema>;

  private constructor(collection: Collection<typeof RecordSchema>) {
    this.#collection = collection;
  }

  static async open(store: Store): Promise<ContextRecords> {
    return new ContextRecords(await Collection.open(store, 'contexts', RecordSchema, ['sandbox']));
  }

  async put(value: Omit<ContextRecord, 'id'>, id = `cx${randomBytes(12).toString('hex')}`): Promise<ContextRecord> {
    const record = { ...value, id };
    await this.#collection.put(record);
    return record;
  }

  /** @throws not_found, also for those of other sandboxes */
  async get(sandbox: string, id: string): Promise<ContextRecord> {
    const record = await this.#collection.get(id);
    if (record?.sandbox !== sandbox) throw new SoulboxError('not_found', `there is no context "${id}"`);
    return record;
  }

  async of(sandbox: string): Promise<readonly ContextRecord[]> {
    const records = await this.#collection.list({ where: { sandbox } });
    return records.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
  }

  async remove(ids: readonly string[]): Promise<void> {
    await this.#collection.remove(...ids);
  }
}
