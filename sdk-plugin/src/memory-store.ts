import { StoreArguments } from './contracts/store.ts';
import type {
  FollowOptions,
  Json,
  JsonObject,
  Store,
  StoreChange,
  StoreEvent,
  StorePage,
  StoreQuery,
  StoredDocument,
} from './contracts/store.ts';
import { SoulboxError } from './errors.ts';
import { parse } from './schema.ts';
import { encodeDocument } from './store-document.ts';

interface Entry {
  readonly version: number;
  readonly text: string;
}
type Position = readonly [sortKey: Json, id: string];

const maxDocumentBytes = 64 * 1024 * 1024;

function rank(value: Json): number {
  if (value === null) return 0;
  return ['boolean', 'number', 'string'].indexOf(typeof value) + 1 || 4;
}

function compareText(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function compare(left: Json, right: Json): number {
  if (rank(left) !== rank(right)) return rank(left) - rank(right);
  if (typeof left === 'number' || typeof left === 'boolean') return Number(left) - Number(right);
  return compareText(
    typeof left === 'string' ? left : JSON.stringify(left),
    typeof right === 'string' ? right : JSON.stringify(right),
  );
}

function fieldOf(value: JsonObject, field: string): Json {
  return Object.hasOwn(value, field) ? value[field]! : null;
}

/** A {@link Store} that forgets: for tests, for what need not outlive the process, and to build a lasting one upon. */
export class MemoryStore implements Store {
  private readonly collections = new Map<string, Map<string, Entry>>();
  private readonly fields = new Map<string, Set<string>>();
  private readonly events: StoreEvent[] = [];
  private readonly waiting = new Set<() => void>();

  async define(collection: string, options: { readonly indexes: readonly string[] }): Promise<void> {
    parse(StoreArguments.collection, collection);
    const fields = this.fields.get(collection) ?? new Set();
    for (const entry of parse(StoreArguments.indexes, options.indexes)) entry.split(',').forEach((f) => fields.add(f));
    this.fields.set(collection, fields);
  }

  async get(collection: string, id: string): Promise<StoredDocument | undefined> {
    const entry = this.collections.get(collection)?.get(id);
    return entry && { id, version: entry.version, value: JSON.parse(entry.text) as JsonObject };
  }

  async query(collection: string, query: StoreQuery): Promise<StorePage> {
    const { where = {}, orderBy, limit, after } = parse(StoreArguments.query, query);
    parse(StoreArguments.collection, collection);
    for (const field of [...Object.keys(where), ...(orderBy ? [orderBy.field] : [])]) {
      if (!this.fields.get(collection)?.has(field))
        throw new SoulboxError('invalid_params', `collection ${collection} declares no field ${field}`);
    }
    const shape = JSON.stringify([
      collection,
      Object.entries(where).toSorted(([a], [b]) => compareText(a, b)),
      orderBy,
    ]);
    const sign = orderBy?.descending ? -1 : 1;
    const position = (d: StoredDocument): Position => [orderBy ? fieldOf(d.value, orderBy.field) : null, d.id];
    const order = (a: Position, b: Position) => sign * (compare(a[0], b[0]) || compareText(a[1], b[1]));
    const start = after === undefined ? undefined : readCursor(after, shape);
    const matching = [...(this.collections.get(collection) ?? [])]
      .map(([id, { version, text }]) => ({ id, version, value: JSON.parse(text) as JsonObject }))
      .filter((d) => Object.entries(where).every(([field, wanted]) => fieldOf(d.value, field) === wanted))
      .filter((d) => !start || order(position(d), start) > 0)
      .toSorted((a, b) => order(position(a), position(b)));
    const documents = matching.slice(0, limit);
    const last = documents.at(-1);
    const more = matching.length > limit && last !== undefined;
    return { documents, cursor: more ? writeCursor(shape, position(last)) : null };
  }

  async commit(changes: readonly StoreChange[]): Promise<readonly number[]> {
    const pending = new Map<string, Entry | undefined>();
    const events: Omit<StoreEvent, 'sequence'>[] = [];
    const versions = parse(StoreArguments.changes, changes).map((change) => {
      const { op, collection, id, ifVersion } = change;
      const key = JSON.stringify([collection, id]);
      const now = pending.has(key) ? pending.get(key) : this.collections.get(collection)?.get(id);
      const actual = now?.version ?? 0;
      if (ifVersion !== undefined && ifVersion !== actual)
        throw new SoulboxError('conflict', `${collection} ${id} is not at version ${ifVersion}`, {
          details: { collection, id, expected: ifVersion, actual },
        });
      const version = op === 'put' ? actual + 1 : 0;
      pending.set(key, op === 'put' ? { version, text: encodeDocument(change.value, maxDocumentBytes) } : undefined);
      if (op === 'put' || now) events.push({ collection, id, op, version });
      return version;
    });
    for (const [key, entry] of pending) this.write(...(JSON.parse(key) as [string, string]), entry);
    for (const event of events) this.events.push({ sequence: this.events.length + 1, ...event });
    for (const wake of this.waiting) wake();
    return versions;
  }

  follow(options: FollowOptions): AsyncIterable<StoreEvent> {
    return this.eventsAfter(options.after ?? this.events.length, options);
  }

  private async *eventsAfter(after: number, { collections, signal }: FollowOptions): AsyncGenerator<StoreEvent> {
    if (after > this.events.length)
      throw new SoulboxError('conflict', `there is no change ${after} yet`, { details: { after } });
    for (let next = after; !signal.aborted; next++) {
      while (next >= this.events.length && !signal.aborted) await this.change(signal);
      if (signal.aborted) return;
      const event = this.events[next]!;
      if (collections?.includes(event.collection) !== false) yield event;
    }
  }

  private change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  private write(collection: string, id: string, entry: Entry | undefined): void {
    const documents = this.collections.get(collection) ?? new Map<string, Entry>();
    this.collections.set(collection, documents);
    if (entry) documents.set(id, entry);
    else documents.delete(id);
  }
}

function writeCursor(shape: string, position: Position): string {
  return Buffer.from(JSON.stringify([shape, ...position])).toString('base64url');
}

function readCursor(cursor: string, shape: string): Position {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(read) && read.length === 3 && read[0] === shape && typeof read[2] === 'string')
      return [read[1] as Json, read[2]];
  } catch {
    // Told below, like every other malformed cursor.
  }
  throw new SoulboxError('invalid_params', 'after: is not a cursor of this query');
}
