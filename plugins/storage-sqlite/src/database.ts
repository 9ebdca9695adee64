import { ChangeLog } from './change-log.ts';
import { Collections } from './collections.ts';
import { Committer, type Outcome } from './committer.ts';
import type { Connection } from './connection.ts';
import { CursorCodec } from './cursor.ts';
import type { DatabaseOptions, EncodedChange, EncodedDocument, RequestName, Requests } from './messages.ts';
import { openDatabase } from './open-database.ts';
import { PageReader } from './page-reader.ts';

type Answers = { readonly [N in Exclude<RequestName, 'commit'>]: (argument: Requests[N]['in']) => Requests[N]['out'] };

/** One open database with all that can be asked of it. Every call blocks its thread until the disk has answered. */
export class Database {
  readonly answers: Answers;
  private readonly db: Connection;
  private readonly committer: Committer;

  /** @throws storage_failed as openDatabase does. */
  constructor(options: DatabaseOptions) {
    this.db = openDatabase(options.path, options.busyTimeoutMs);
    const log = new ChangeLog(this.db, options);
    const collections = new Collections(this.db);
    const [secret] = this.db.row(`SELECT value FROM meta WHERE key = 'cursor-secret'`) as readonly [string];
    const pages = new PageReader(this.db, collections, new CursorCodec(Buffer.from(secret, 'hex')));
    this.committer = new Committer(this.db, log);
    this.answers = {
      define: ({ collection, indexes }) => {
        collections.define(collection, indexes);
        return null;
      },
      get: ({ collection, id }) => this.get(collection, id),
      query: ({ collection, query }) => pages.read(collection, query),
      head: () => log.head(),
      changes: (asked) => log.read(asked),
      dataVersion: () => this.db.number('PRAGMA data_version')!,
      close: () => this.close(),
    };
  }

  commitAll(commits: readonly (readonly EncodedChange[])[]): Outcome[] {
    return this.committer.commitAll(commits);
  }

  private get(collection: string, id: string): EncodedDocument | null {
    const [row] = this.db.rows<[number, string]>(
      'SELECT version, value FROM documents WHERE collection = ? AND id = ?',
      collection,
      id,
    );
    return row ? { id, version: row[0], text: row[1] } : null;
  }

  private close(): null {
    try {
      this.db.row('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      this.db.close();
    }
    return null;
  }
}
