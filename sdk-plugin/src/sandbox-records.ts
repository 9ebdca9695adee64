import { Collection, type Identified } from './collection.ts';
import type { LiveSandboxes } from './contracts/live-sandboxes.ts';
import type { Store } from './contracts/store.ts';
import { isSoulboxError, SoulboxError } from './errors.ts';
import type { Schema, SchemaOutput } from './schema.ts';

interface OfSandbox {
  readonly tenant: string;
  readonly sandbox: string;
  readonly createdAt: string;
}

/** What is kept for sandboxes that stay, also over a restart, and only as long as they are there. Reading it costs no wait. */
export class SandboxRecords<S extends Schema<OfSandbox>> {
  readonly #collection: Collection<S>;
  readonly #records: Map<string, Identified<SchemaOutput<S>>>;

  private constructor(collection: Collection<S>, records: readonly Identified<SchemaOutput<S>>[]) {
    this.#collection = collection;
    this.#records = new Map(records.map((record) => [record.id, record]));
  }

  static async open<S extends Schema<OfSandbox>>(
    store: Store,
    name: string,
    schema: S,
    sandboxes: LiveSandboxes,
  ): Promise<SandboxRecords<S>> {
    const collection = await Collection.open(store, name, schema, []);
    const records = new SandboxRecords(collection, await collection.list());
    for (const { sandbox, tenant } of records.#records.values())
      if (await isGone(sandboxes, sandbox, tenant)) await records.removeOf(sandbox);
    return records;
  }

  get all(): readonly Identified<SchemaOutput<S>>[] {
    return [...this.#records.values()];
  }

  get(id: string): Identified<SchemaOutput<S>> | undefined {
    return this.#records.get(id);
  }

  /** Of one tenant, the oldest first. */
  of(tenant: string, sandbox?: string): readonly Identified<SchemaOutput<S>>[] {
    return this.all
      .filter((each) => each.tenant === tenant && (sandbox === undefined || each.sandbox === sandbox))
      .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
  }

  /** @throws overloaded where the tenant has `most` others already, storage_failed */
  async put(record: Identified<SchemaOutput<S>>, most: number): Promise<void> {
    const before = this.#records.get(record.id);
    if (before === undefined && this.of(record.tenant).length >= most)
      throw new SoulboxError('overloaded', `at most ${most} at once`, { details: { retryAfterMs: 1_000 } });
    // First here: others that come meanwhile are counted with it.
    this.#records.set(record.id, record);
    try {
      await this.#collection.put(record);
    } catch (error) {
      if (before === undefined) this.#records.delete(record.id);
      else this.#records.set(record.id, before);
      throw error;
    }
  }

  async remove(...ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#records.delete(id);
    await this.#collection.remove(...ids);
  }

  /** Answers with the ids of what was there. */
  async removeOf(sandbox: string): Promise<readonly string[]> {
    const ids = this.all.filter((each) => each.sandbox === sandbox).map(({ id }) => id);
    await this.remove(...ids);
    return ids;
  }
}

async function isGone(sandboxes: LiveSandboxes, id: string, tenant: string): Promise<boolean> {
  try {
    const { state } = await sandboxes.get(id, { tenant });
    return state === 'ended' || state === 'lost';
  } catch (error) {
    if (isSoulboxError(error) && error.code === 'not_found') return true;
    throw error;
  }
}
