import { closeSync, fchmodSync, fstatSync, openSync } from 'node:fs';
import { SoulboxError } from '@soulbox/plugin-sdk/errors';
import { Connection } from './connection.ts';
import { migrate } from './migrations.ts';
import { isBusy, toStorageError } from './storage-error.ts';

/** SQLite gives its side files the mode of the database, so this protects those too. */
function makePrivate(path: string): void {
  const file = openSync(path, 'a', 0o600);
  try {
    if ((fstatSync(file).mode & 0o077) !== 0) fchmodSync(file, 0o600);
  } finally {
    closeSync(file);
  }
}

/** The change to WAL does not wait for other processes that open the file at the same time, so it is repeated. */
function useWriteAheadLog(db: Connection, busyTimeoutMs: number): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (const deadline = Date.now() + busyTimeoutMs; ;) {
    try {
      db.row('PRAGMA journal_mode = WAL');
      return;
    } catch (thrown) {
      if (!isBusy(thrown) || Date.now() >= deadline) throw thrown;
      Atomics.wait(pause, 0, 0, 10);
    }
  }
}

function checkIntegrity(db: Connection): void {
  const findings = db.rows<[string]>('PRAGMA quick_check(10)').map(([finding]) => finding);
  if (findings.length === 1 && findings[0] === 'ok') return;
  throw new SoulboxError('storage_failed', 'the database is damaged: restore it from a backup', {
    details: { reason: 'damaged' },
    cause: findings.join('; '),
  });
}

/**
 * Opens a database, making it where there is none, private to the user of this process.
 * @throws storage_failed with `details.reason`: damaged, newer-schema, foreign, busy, read-only, full, io or other.
 */
export function openDatabase(path: string, busyTimeoutMs: number): Connection {
  let db: Connection | undefined;
  try {
    makePrivate(path);
    db = new Connection(path);
    db.row(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    useWriteAheadLog(db, busyTimeoutMs);
    db.exec('PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864');
    // In pages, 16 MiB: the same few pages change again and again, and are copied back once for all of it.
    db.row('PRAGMA wal_autocheckpoint = 4096');
    checkIntegrity(db);
    migrate(db);
    return db;
  } catch (thrown) {
    db?.close();
    throw toStorageError(thrown);
  }
}
