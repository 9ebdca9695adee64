import { StoreArguments, encodeDocument, parse } from '@soulbox/plugin-sdk';
import type {
  FollowOptions,
  JsonObject,
  Store,
  StoreChange,
  StoreEvent,
  StorePage,
  StoreQuery,
  StoredDocument,
} from '@soulbox/plugin-sdk';
import { ChangeNotice } from './change-notice.ts';
import type { DatabaseOptions, EncodedChange, EncodedDocument } from './messages.ts';
import { WorkerClient } from './worker-client.ts';

export interface StoreOptions extends DatabaseOptions {
  readonly maxDocumentBytes: number;
}

const eventsAtOnce = 500;

function decode({ id, version, text }: EncodedDocument): StoredDocument {
  return { id, version, value: JSON.parse(text) as JsonObject };
}

/** A {@link Store} in one SQLite file, which several processes of a machine may share. */
export class SqliteStore implements Store {
  private readonly client: WorkerClient;
  private readonly notice: ChangeNotice;
  private readonly maxDocumentBytes: number;

  private constructor(client: WorkerClient, maxDocumentBytes: number) {
    this.client = client;
    this.notice = new ChangeNotice(client);
    this.maxDocumentBytes = maxDocumentBytes;
  }

  /** @throws storage_failed with `details.reason` when the file cannot be opened, is damaged or of a newer release. */
  static async open(options: StoreOptions): Promise<SqliteStore> {
    const { maxDocumentBytes, ...database } = options;
    return new SqliteStore(await WorkerClient.open(database), maxDocumentBytes);
  }

  async define(collection: string, options: { readonly indexes: readonly string[] }): Promise<void> {
    parse(StoreArguments.collection, collection);
    const indexes = parse(StoreArguments.indexes, options.indexes);
    await this.client.request('define', { collection, indexes });
  }

  async get(collection: string, id: string): Promise<StoredDocument | undefined> {
    // What can never have been stored is not there; SQLite would see a part of it only.
    if (!StoreArguments.documentId.safeParse(id).success) return undefined;
    const found = await this.client.request('get', { collection, id });
    return found ? decode(found) : undefined;
  }

  async query(collection: string, query: StoreQuery): Promise<StorePage> {
    parse(StoreArguments.collection, collection);
    const checked = parse(StoreArguments.query, query) as StoreQuery & { readonly limit: number };
    const { documents, cursor } = await this.client.request('query', { collection, query: checked });
    return { documents: documents.map(decode), cursor };
  }

  async commit(changes: readonly StoreChange[]): Promise<readonly number[]> {
    const encoded = parse(StoreArguments.changes, changes).map((change): EncodedChange => {
      const { collection, id, ifVersion } = change;
      if (change.op === 'delete') return { op: 'delete', collection, id, ifVersion };
      return { op: 'put', collection, id, ifVersion, text: encodeDocument(change.value, this.maxDocumentBytes) };
    });
    const versions = await this.client.request('commit', encoded);
    this.notice.committed(new Set(encoded.map(({ collection }) => collection)));
    return versions;
  }

  follow(options: FollowOptions): AsyncIterable<StoreEvent> {
    const start = options.after === undefined ? this.client.request('head', null) : Promise.resolve(options.after);
    // Told to whoever iterates; nobody may.
    start.catch(() => undefined);
    return this.events(start, options);
  }

  /** Answers once the database does. @throws storage_failed */
  async ping(): Promise<void> {
    await this.client.request('dataVersion', null);
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  private async *events(start: Promise<number>, options: FollowOptions): AsyncGenerator<StoreEvent> {
    const { signal } = options;
    const collections = options.collections === undefined ? null : [...options.collections];
    using watch = this.notice.watch(collections);
    let after = await start;
    while (!signal.aborted) {
      watch.look();
      const { events, through, dataVersion } = await this.client.request('changes', {
        after,
        collections,
        limit: eventsAtOnce,
      });
      for (const event of events) {
        if (signal.aborted) return;
        yield event;
      }
      after = through;
      if (events.length === 0) await watch.wait(dataVersion, signal);
    }
  }
}
