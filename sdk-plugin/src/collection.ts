import type { JsonObject, Store, StoreQuery } from './contracts/store.ts';
import { parse, type Schema, type SchemaOutput } from './schema.ts';

/** A document with its id beside its fields. */
export type Identified<T> = T & { readonly id: string };

/**
 * One collection of a {@link Store} whose documents have one shape, which is checked at every reading, since another version
 * may have written them.
 */
export class Collection<S extends Schema> {
  readonly #store: Store;
  readonly #name: string;
  readonly #schema: S;

  private constructor(store: Store, name: string, schema: S) {
    this.#store = store;
    this.#name = name;
    this.#schema = schema;
  }

  /** `indexes` as {@link Store.define} takes them. @throws invalid_params */
  static async open<S extends Schema>(
    store: Store,
    name: string,
    schema: S,
    indexes: readonly string[],
  ): Promise<Collection<S>> {
    await store.define(name, { indexes });
    return new Collection(store, name, schema);
  }

  /** @throws internal where the document has another shape */
  async get(id: string): Promise<Identified<SchemaOutput<S>> | undefined> {
    const document = await this.#store.get(this.#name, id);
    return document && this.#read(document);
  }

  /** All that fit, page by page. @throws internal where a document has another shape */
  async list(query: Pick<StoreQuery, 'where' | 'orderBy'> = {}): Promise<readonly Identified<SchemaOutput<S>>[]> {
    const found: Identified<SchemaOutput<S>>[] = [];
    for (let after: string | null | undefined; after !== null;) {
      const page = await this.#store.query(this.#name, { ...query, limit: 1_000, ...(after ? { after } : {}) });
      found.push(...page.documents.map((document) => this.#read(document)));
      after = page.cursor;
    }
    return found;
  }

  /** With `isNew`, what is there already stays. @throws conflict for that, storage_failed, payload_too_large */
  async put(
    document: Identified<SchemaOutput<S>>,
    { isNew = false }: { readonly isNew?: boolean } = {},
  ): Promise<void> {
    const { id, ...value } = document as Identified<JsonObject>;
    const expected = isNew ? { ifVersion: 0 } : {};
    await this.#store.commit([{ op: 'put', collection: this.#name, id, value, ...expected }]);
  }

  /** What is not there is no error. @throws storage_failed */
  async remove(...ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#store.commit(ids.map((id) => ({ op: 'delete', collection: this.#name, id })));
  }

  #read({ id, value }: { readonly id: string; readonly value: JsonObject }): Identified<SchemaOutput<S>> {
    return { ...(parse(this.#schema, value, 'internal') as object), id } as Identified<SchemaOutput<S>>;
  }
}
