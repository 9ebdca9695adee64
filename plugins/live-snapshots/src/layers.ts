import { Collection, z, type Identified, type Store } from '@soulbox/plugin-sdk';
import { Archives } from './archives.ts';

const LayerRecord = z.object({
  tenant: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  usedAt: z.string(),
});
type Layer = Identified<z.infer<typeof LayerRecord>>;

/**
 * What steps of recipes made, so that they need not be done again: archives of home folders, each known by all that it was made
 * of. Never of another tenant. Those used least lately make room.
 */
export class Layers {
  readonly #collection: Collection<typeof LayerRecord>;
  readonly #archives: Archives;
  readonly #tenantBytes: number;

  private constructor(collection: Collection<typeof LayerRecord>, archives: Archives, tenantBytes: number) {
    this.#collection = collection;
    this.#archives = archives;
    this.#tenantBytes = tenantBytes;
  }

  static async open(store: Store, folder: string, tenantBytes: number): Promise<Layers> {
    const collection = await Collection.open(store, 'templateLayers', LayerRecord, ['tenant']);
    const archives = new Archives(folder);
    await archives.open(new Set((await collection.list()).map(({ id }) => id)));
    return new Layers(collection, archives, tenantBytes);
  }

  /** The content of a layer, where there is one. What is damaged is forgotten, and fails at its end. */
  async read(id: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const layer = await this.#collection.get(id);
    if (!layer) return undefined;
    await this.#collection.put({ ...layer, usedAt: new Date().toISOString() });
    return this.#pieces(layer);
  }

  async has(id: string): Promise<boolean> {
    return (await this.#collection.get(id)) !== undefined;
  }

  async *#pieces(layer: Layer): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#archives.read(layer.id, layer);
    } catch (error) {
      await this.#drop(layer.id);
      throw error;
    }
  }

  /** Nothing is kept where it would not fit, or the host has no room: then it is done again the next time. */
  async put(id: string, tenant: string, content: AsyncIterable<Uint8Array>): Promise<void> {
    const draft = await this.#archives.draft(id, this.#tenantBytes).catch(() => undefined);
    // Another build is at it.
    if (!draft) return;
    try {
      for await (const piece of content) await draft.add(piece);
      const archive = await draft.keep();
      await this.#collection.put({ id, tenant, ...archive, usedAt: new Date().toISOString() });
    } catch {
      await draft.drop();
    }
    await this.#makeRoom(tenant);
  }

  async #makeRoom(tenant: string): Promise<void> {
    const layers = (await this.#collection.list({ where: { tenant } })).toSorted((a, b) =>
      b.usedAt.localeCompare(a.usedAt),
    );
    let bytes = 0;
    for (const layer of layers) if ((bytes += layer.bytes) > this.#tenantBytes) await this.#drop(layer.id);
  }

  async #drop(id: string): Promise<void> {
    await this.#collection.remove(id);
    await this.#archives.remove(id);
  }
}
