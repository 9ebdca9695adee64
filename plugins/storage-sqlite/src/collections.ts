import { SoulboxError } from '@soulbox/plugin-sdk/errors';
import type { Connection } from './connection.ts';
import { keyOf } from './sort-key.ts';

/** The collections declared in this process and their indexes. Names are checked before they get here. */
export class Collections {
  private readonly db: Connection;
  private readonly fields = new Map<string, Set<string>>();

  constructor(db: Connection) {
    this.db = db;
  }

  define(collection: string, indexes: readonly string[]): void {
    const known = new Set(this.fields.get(collection));
    for (const index of indexes) {
      const fields = index.split(',');
      // Only an index that begins like the primary key is preferred to it, so the constant stands in front.
      const columns = ['collection', ...fields.map(keyOf), 'id'].join(', ');
      this.db.exec(
        `CREATE INDEX IF NOT EXISTS "${collection}:${index}" ON documents (${columns}) WHERE collection = '${collection}'`,
      );
      for (const field of fields) known.add(field);
    }
    this.fields.set(collection, known);
  }

  /** @throws invalid_params unless the collection declares the field. */
  check(collection: string, field: string): void {
    if (!this.fields.get(collection)?.has(field))
      throw new SoulboxError('invalid_params', `collection ${collection} declares no field ${field}`);
  }
}
