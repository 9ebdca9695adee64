import { randomBytes } from 'node:crypto';
import { Collection, SoulboxError, z, type Identified, type Store } from '@soulbox/plugin-sdk';

const RecordSchema = z.object({
  tenant: z.string(),
  owner: z.string(),
  /** Of a template. */
  name: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  /** Of sandboxes that are made of it. */
  env: z.record(z.string(), z.string()).default({}),
  createdAt: z.string(),
  /** Where it was taken; `null` of one that was imported. */
  sandbox: z.string().nullable(),
  bytes: z.number(),
  sha256: z.string(),
});
export type SnapshotRecord = Identified<z.infer<typeof RecordSchema>>;

export const newId = (): string => `sn${randomBytes(12).toString('hex')}`;

const unknown = () => new SoulboxError('not_found', 'there is no such snapshot');

/** What is known of snapshots. A snapshot without a record is none. */
export class SnapshotRecords {
  readonly #collection: Collection<typeof RecordSchema>;

  private constructor(collection: Collection<typeof RecordSchema>) {
    this.#collection = collection;
  }

  static async open(store: Store): Promise<SnapshotRecords> {
    return new SnapshotRecords(await Collection.open(store, 'snapshots', RecordSchema, ['tenant']));
  }

  async put(record: SnapshotRecord): Promise<SnapshotRecord> {
    await this.#collection.put(record);
    return record;
  }

  /** @throws not_found, also for those of other tenants */
  async get(id: string, tenant: string): Promise<SnapshotRecord> {
    const record = await this.#collection.get(id);
    if (record?.tenant !== tenant) throw unknown();
    return record;
  }

  /** By the name of a template, or by id. @throws not_found */
  async find(nameOrId: string, tenant: string): Promise<SnapshotRecord> {
    const named = (await this.of(tenant)).find(({ name }) => name === nameOrId);
    return named ?? this.get(nameOrId, tenant);
  }

  /** Of one tenant, the oldest first. */
  async of(tenant: string): Promise<readonly SnapshotRecord[]> {
    const records = await this.#collection.list({ where: { tenant } });
    return records.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
  }

  async ids(): Promise<ReadonlySet<string>> {
    return new Set((await this.#collection.list()).map(({ id }) => id));
  }

  async remove(id: string): Promise<void> {
    await this.#collection.remove(id);
  }
}
