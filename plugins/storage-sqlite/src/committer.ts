import { SoulboxError, isSoulboxError } from '@soulbox/plugin-sdk';
import type { ChangeLog } from './change-log.ts';
import type { Connection } from './connection.ts';
import type { EncodedChange } from './messages.ts';
import { isBusy } from './storage-error.ts';

/** The new versions of one commit, or why it did not happen. */
export type Outcome = { readonly versions: readonly number[] } | { readonly error: unknown };

/** Writes commits that arrived together in one transaction: they share the wait for the disk, not their fate. */
export class Committer {
  private readonly db: Connection;
  private readonly log: ChangeLog;

  constructor(db: Connection, log: ChangeLog) {
    this.db = db;
    this.log = log;
  }

  /** Returns when all are durable. A commit that fails leaves the others alone, unless the disk fails under all. */
  commitAll(commits: readonly (readonly EncodedChange[])[]): Outcome[] {
    try {
      return this.db.transaction('IMMEDIATE', () => {
        const outcomes = commits.map((changes) => this.commitOne(changes));
        this.log.trim();
        return outcomes;
      });
    } catch (error) {
      // What one of them could not get, room on the disk for one, may still be there for the others. Only waiting for
      // another process is over for all.
      if (commits.length > 1 && !isBusy(error)) return commits.flatMap((changes) => this.commitAll([changes]));
      return commits.map(() => ({ error }));
    }
  }

  /** @throws what is not the fault of these changes: then the whole transaction is void. */
  private commitOne(changes: readonly EncodedChange[]): Outcome {
    this.db.exec('SAVEPOINT one');
    try {
      const versions = changes.map((change) => this.apply(change));
      this.db.exec('RELEASE one');
      return { versions };
    } catch (error) {
      if (!isSoulboxError(error)) throw error;
      this.db.exec('ROLLBACK TO one; RELEASE one');
      return { error };
    }
  }

  private apply(change: EncodedChange): number {
    const { op, collection, id, ifVersion } = change;
    const found = this.db.number('SELECT version FROM documents WHERE collection = ? AND id = ?', collection, id);
    const actual = found ?? 0;
    if (ifVersion !== undefined && ifVersion !== actual)
      throw new SoulboxError('conflict', `${collection} ${id} is at version ${actual}, not ${ifVersion}`, {
        details: { collection, id, expected: ifVersion, actual },
      });
    const version = op === 'put' ? actual + 1 : 0;
    if (op === 'put')
      this.db.run(
        `INSERT INTO documents (collection, id, version, value) VALUES (?, ?, ?, ?)
         ON CONFLICT (collection, id) DO UPDATE SET version = excluded.version, value = excluded.value`,
        collection,
        id,
        version,
        change.text,
      );
    else this.db.run('DELETE FROM documents WHERE collection = ? AND id = ?', collection, id);
    if (op === 'put' || found !== undefined) this.log.append({ collection, id, op, version });
    return version;
  }
}
