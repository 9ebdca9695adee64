import { SoulboxError } from '@soulbox/plugin-sdk/errors';
import type { StoreEvent } from '@soulbox/plugin-sdk';
import type { Connection } from './connection.ts';
import type { ChangesAsked, ChangesRead, DatabaseOptions } from './messages.ts';

/** So often is the log trimmed, in changes; each time by twice as many at most, so that no commit waits long. */
const trimEvery = 500;

/** The committed changes, for followers; the oldest are dropped. */
export class ChangeLog {
  private readonly db: Connection;
  private readonly options: Pick<DatabaseOptions, 'keepChanges' | 'keepChangesMs'>;
  private sinceTrim = 0;

  constructor(db: Connection, options: Pick<DatabaseOptions, 'keepChanges' | 'keepChangesMs'>) {
    this.db = db;
    this.options = options;
  }

  /** Within the transaction of the change itself. */
  append(event: Omit<StoreEvent, 'sequence'>): void {
    const { collection, id, op, version } = event;
    this.db.run(
      'INSERT INTO changes (at, collection, id, op, version) VALUES (?, ?, ?, ?, ?)',
      Date.now(),
      collection,
      id,
      op,
      version,
    );
    this.sinceTrim++;
  }

  /** Drops what is too old or too much, when it is time to. The newest change always stays: it tells the sequence. */
  trim(): void {
    if (this.sinceTrim < trimEvery) return;
    this.sinceTrim = 0;
    const head = this.head();
    this.db.run(
      `DELETE FROM changes WHERE sequence IN (SELECT sequence FROM changes ORDER BY sequence LIMIT ${2 * trimEvery})
       AND sequence < ? AND (sequence <= ? OR at < ?)`,
      head,
      head - this.options.keepChanges,
      Date.now() - this.options.keepChangesMs,
    );
  }

  head(): number {
    return this.db.number('SELECT ifnull(max(sequence), 0) FROM changes')!;
  }

  /** @throws conflict when the changes after `after` are not all there. */
  read({ after, collections, limit }: ChangesAsked): ChangesRead {
    const dataVersion = this.db.number('PRAGMA data_version')!;
    return this.db.transaction('DEFERRED', () => {
      const oldest = this.db.number('SELECT ifnull(min(sequence), 1) FROM changes')!;
      const head = this.head();
      if (after < oldest - 1 || after > head)
        throw new SoulboxError('conflict', `the changes after ${after} are not kept; read the state, follow from now`, {
          details: { after },
        });
      const rows = this.db.rows<[number, string, string, StoreEvent['op'], number]>(
        `SELECT sequence, collection, id, op, version FROM changes
         WHERE sequence > ?${collections ? ` AND collection IN (${collections.map(() => '?').join()})` : ''}
         ORDER BY sequence LIMIT ?`,
        after,
        ...(collections ?? []),
        limit,
      );
      const events = rows.map(([sequence, collection, id, op, version]) => ({ sequence, collection, id, op, version }));
      const through = events.length < limit ? head : events.at(-1)!.sequence;
      return { events, through, dataVersion };
    });
  }
}
