import { randomBytes } from 'node:crypto';
import { SoulboxError } from '@soulbox/plugin-sdk/errors';
import type { Connection } from './connection.ts';

/** Brings a database from the version of its place in the list (from 0) to the next. */
export type Migration = (db: Connection) => void;

/** 'SBox': marks the file as one of ours, so that somebody else's database is left alone. */
const applicationId = 0x53426f78;

export const migrations: readonly Migration[] = [
  (db) => {
    db.exec(`
      CREATE TABLE documents (
        collection TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (collection, id)
      ) STRICT;
      CREATE TABLE changes (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,
        collection TEXT NOT NULL, id TEXT NOT NULL, op TEXT NOT NULL, version INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    `);
    db.run('INSERT INTO meta VALUES (?, ?)', 'cursor-secret', randomBytes(32).toString('hex'));
  },
  (db) => {
    // The newest change always stays, so that numbers grow without AUTOINCREMENT, whose table costs at every write.
    db.exec(`
      CREATE TABLE changes_anew (
        sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL,
        collection TEXT NOT NULL, id TEXT NOT NULL, op TEXT NOT NULL, version INTEGER NOT NULL
      ) STRICT;
      INSERT INTO changes_anew SELECT sequence, at, collection, id, op, version FROM changes;
      DROP TABLE changes;
      ALTER TABLE changes_anew RENAME TO changes;
    `);
    // Those that are still wanted are declared, and made anew, before they are used.
    const indexes = db.rows<[string]>(`SELECT name FROM sqlite_schema WHERE type = 'index' AND name GLOB '*:*'`);
    for (const [name] of indexes) db.exec(`DROP INDEX "${name}"`);
  },
];

function pragma(db: Connection, name: string): number {
  return db.number(`PRAGMA ${name}`)!;
}

function refuse(reason: string, message: string): never {
  throw new SoulboxError('storage_failed', message, { details: { reason } });
}

/**
 * Brings a database to the newest schema: all steps or none.
 * @throws storage_failed for a database of a newer release or of another program.
 */
export function migrate(db: Connection, steps: readonly Migration[] = migrations): void {
  db.transaction('IMMEDIATE', () => {
    const version = pragma(db, 'user_version');
    const tables = db.number('SELECT count(*) FROM sqlite_schema');
    if (pragma(db, 'application_id') !== applicationId && (version !== 0 || tables !== 0))
      refuse('foreign', 'the file is the database of another program');
    if (version > steps.length)
      refuse('newer-schema', `the database has schema ${version}; this release knows up to ${steps.length}: update it`);
    if (version === steps.length) return;
    for (const step of steps.slice(version)) step(db);
    db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${steps.length}`);
  });
}
