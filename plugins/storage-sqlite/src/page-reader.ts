import type { JsonObject } from '@soulbox/plugin-sdk';
import type { Collections } from './collections.ts';
import type { Connection, SqlValue } from './connection.ts';
import type { CursorCodec } from './cursor.ts';
import type { EncodedDocument, Requests } from './messages.ts';
import { keyOf, parameterKey } from './sort-key.ts';

type Query = Requests['query']['in']['query'];
type Page = Requests['query']['out'];
type Found = readonly [rowid: number, bytes: number];

/** A page of documents stops at this size, so that a list of large ones does not fill the memory. */
const maxPageBytes = 32 * 1024 * 1024;

const jsonTypes = { string: "= 'text'", number: "IN ('integer', 'real')" } as const;

/** A key alone would take true for 1, and a JSON text for the list that it describes. */
function typeCondition(field: string, wanted: string | number | boolean | null): string {
  if (wanted === null) return '';
  const type = typeof wanted === 'boolean' ? `= '${wanted}'` : jsonTypes[typeof wanted as 'string' | 'number'];
  return ` AND json_type(value, '$.${field}') ${type}`;
}

/** Answers queries, page by page. */
export class PageReader {
  private readonly db: Connection;
  private readonly collections: Collections;
  private readonly cursors: CursorCodec;

  constructor(db: Connection, collections: Collections, cursors: CursorCodec) {
    this.db = db;
    this.collections = collections;
    this.cursors = cursors;
  }

  /** @throws invalid_params for an undeclared field or a cursor of another query. */
  read(collection: string, query: Query): Page {
    return this.db.transaction('DEFERRED', () => {
      const { sql, values } = this.plan(collection, query);
      const found = this.db.rows<Found>(sql, ...values);
      const documents = this.load(found.slice(0, query.limit));
      const last = documents.at(-1);
      const more = found.length > documents.length && last !== undefined;
      return { documents, cursor: more ? this.cursorAfter(collection, query, last) : null };
    });
  }

  /** The statement that finds a page's documents, one more than asked for to see whether there is a next. */
  plan(collection: string, { where = {}, orderBy, limit, after }: Query): { sql: string; values: SqlValue[] } {
    const conditions = [`collection = '${collection}'`];
    const values: SqlValue[] = [];
    for (const [field, wanted] of Object.entries(where)) {
      this.collections.check(collection, field);
      conditions.push(`${keyOf(field)} = ${parameterKey}${typeCondition(field, wanted)}`);
      values.push(JSON.stringify(wanted));
    }
    if (orderBy) this.collections.check(collection, orderBy.field);
    const key = orderBy ? keyOf(orderBy.field) : undefined;
    const [direction, beyond] = orderBy?.descending ? ['DESC', '<'] : ['ASC', '>'];
    if (after !== undefined) {
      const { sortValue, id } = this.cursors.decode(shape(collection, { where, orderBy }), after);
      const value = JSON.stringify(sortValue);
      // SQLite searches no index of expressions by (key, id) > (?, ?), but by the first of these two it does.
      if (key)
        conditions.push(`${key} ${beyond}= ${parameterKey}`, `(${key} ${beyond} ${parameterKey} OR id ${beyond} ?)`);
      else conditions.push(`id ${beyond} ?`);
      values.push(...(key ? [value, value] : []), id);
    }
    const order = [...(key ? [key] : []), 'id'].map((column) => `${column} ${direction}`).join(', ');
    const sql = `SELECT rowid, octet_length(value) FROM documents WHERE ${conditions.join(' AND ')} ORDER BY ${order} LIMIT ?`;
    return { sql, values: [...values, limit + 1] };
  }

  private load(found: readonly Found[]): EncodedDocument[] {
    let total = 0;
    const fitting = found.filter(([, bytes], index) => (total += bytes) <= maxPageBytes || index === 0);
    return fitting.map(([rowid]) => {
      const sql = 'SELECT id, version, value FROM documents WHERE rowid = ?';
      const [id, version, text] = this.db.row(sql, rowid) as readonly [string, number, string];
      return { id, version, text };
    });
  }

  private cursorAfter(collection: string, { where = {}, orderBy }: Query, last: EncodedDocument): string {
    const value = JSON.parse(last.text) as JsonObject;
    const sortValue = orderBy && Object.hasOwn(value, orderBy.field) ? value[orderBy.field]! : null;
    return this.cursors.encode(shape(collection, { where, orderBy }), { sortValue, id: last.id });
  }
}

function shape(collection: string, { where, orderBy }: Pick<Query, 'where'> & { orderBy: Query['orderBy'] }): string {
  const conditions = Object.entries(where ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([collection, conditions, orderBy?.field ?? null, orderBy?.descending === true]);
}
