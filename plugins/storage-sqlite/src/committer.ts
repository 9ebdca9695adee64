import { SoulboxError, isSoulboxError } from '@soulbox/plugin-sdk/errors';
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
        const outcomes =
          commits.length === 1 ? [this.applyAll(commits[0]!)] : commits.map((changes) => this.commitOne(changes));
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
    this.db.run('SAVEPOINT one');
    try {
      const outcome = this.applyAll(changes);
      this.db.run('RELEASE one');
      return outcome;
    } catch (error) {
      if (!isSoulboxError(error)) throw error;
      this.db.exec('ROLLBACK TO one; RELEASE one');
      return { error };
    }
  }

  private applyAll(changes: readonly EncodedChange[]): Outcome {
    return { versions: changes.map((change) => this.apply(change)) };
  }

  private apply(change: EncodedChange): number {
    const { op, collection, id } = change;
    const version = this.writeExpected(change) ?? this.write(change);
    if (version !== undefined) this.log.append({ collection, id, op, version });
    return version ?? 0;
  }

  /** Writes a document whose version is told, in one statement. `undefined` where that was not its version. */
  private writeExpected(change: EncodedChange): number | undefined {
    const { op, collection, id, ifVersion } = change;
    if (op !== 'put' || ifVersion === undefined) return undefined;
    const written =
      ifVersion === 0
        ? this.db.run(
            'INSERT INTO documents (collection, id, version, value) VALUES (?, ?, 1, ?) ON CONFLICT DO NOTHING',
            collection,
            id,
            change.text,
          )
        : this.db.run(
            'UPDATE documents SET version = version + 1, value = ? WHERE collection = ? AND id = ? AND version = ?',
            change.text,
            collection,
            id,
            ifVersion,
          );
    return written === 1 ? ifVersion + 1 : undefined;
  }

  /** Returns the new version; `undefined` where nothing changed. @throws conflict */
  private write(change: EncodedChange): number | undefined {
    const { op, collection, id, ifVersion } = change;
    const found = this.db.number('SELECT version FROM documents WHERE collection = ? AND id = ?', collection, id);
    const actual = found ?? 0;
    if (ifVersion !== undefined && ifVersion !== actual)
      throw new SoulboxError('conflict', `${collection} ${id} is at version ${actual}, not ${ifVersion}`, {
        details: { collection, id, expected: ifVersion, actual },
      });
    if (op === 'delete') {
      this.db.run('DELETE FROM documents WHERE collection = ? AND id = ?', collection, id);
      return found === undefined ? undefined : 0;
    }
    const version = actual + 1;
    this.db.run(
      `INSERT INTO documents (collection, id, version, value) VALUES (?, ?, ?, ?)
       ON CONFLICT (collection, id) DO UPDATE SET version = excluded.version, value = excluded.value`,
      collection,
      id,
      version,
      change.text,
    );
    return version;
  }
}
