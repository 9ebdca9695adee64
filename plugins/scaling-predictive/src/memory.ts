import { createHash } from 'node:crypto';
import { z, type Json, type JsonObject, type PluginContext, type Store } from '@soulbox/plugin-sdk';
import { ForecasterStateSchema, type ForecasterState } from './forecaster.ts';

const collection = 'scaling-demand';
/** So many changes share a commit: it should not hold up the others for long. */
const changesAtOnce = 100;

const DocumentSchema = z.object({ series: z.string().min(1), state: ForecasterStateSchema });

/** What was learned of demand, in the store: it survives restarts. */
export class Memory {
  private readonly store: Store;
  private readonly log: PluginContext['log'];
  /** What the store holds, by the id of the document. */
  private readonly written = new Map<string, string>();

  constructor(store: Store, log: PluginContext['log']) {
    this.store = store;
    this.log = log;
  }

  /** What is there, by series; what cannot be read is learned anew. @throws storage_failed */
  async load(): Promise<Map<string, ForecasterState>> {
    await this.store.define(collection, { indexes: [] });
    const states = new Map<string, ForecasterState>();
    for (let after: string | null | undefined; after !== null;) {
      const page = await this.store.query(collection, after === undefined ? {} : { after });
      for (const { id, value } of page.documents) {
        const read = DocumentSchema.safeParse(value);
        if (read.success) states.set(read.data.series, read.data.state);
        else this.log.warn({ document: id }, 'what was learned of a series of demand cannot be read');
        this.written.set(id, JSON.stringify(value));
      }
      after = page.cursor;
    }
    return states;
  }

  /** Writes what has changed and takes away what is gone. Never rejects: what is not written now is at the next time. */
  async save(states: ReadonlyMap<string, ForecasterState>): Promise<void> {
    const documents = new Map(
      [...states].map(([series, state]): [string, JsonObject] => [idOf(series), { series, state: asJson(state) }]),
    );
    const changed = [...documents].filter(([id, value]) => this.written.get(id) !== JSON.stringify(value));
    const gone = [...this.written.keys()].filter((id) => !documents.has(id));
    const changes = [
      ...changed.map(([id, value]) => ({ op: 'put' as const, collection, id, value })),
      ...gone.map((id) => ({ op: 'delete' as const, collection, id })),
    ];
    try {
      for (let from = 0; from < changes.length; from += changesAtOnce) {
        const some = changes.slice(from, from + changesAtOnce);
        await this.store.commit(some);
        for (const change of some) {
          if (change.op === 'put') this.written.set(change.id, JSON.stringify(change.value));
          else this.written.delete(change.id);
        }
      }
    } catch (err) {
      this.log.warn({ err }, 'what was learned of demand was not written');
    }
  }
}

function idOf(series: string): string {
  return createHash('sha256').update(series).digest('hex').slice(0, 32);
}

function asJson(state: ForecasterState): Json {
  return JSON.parse(JSON.stringify(state)) as Json;
}
