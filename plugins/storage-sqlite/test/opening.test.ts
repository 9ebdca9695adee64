import assert from 'node:assert/strict';
import { chmod, copyFile, open, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SoulboxError } from '@soulbox/plugin-sdk';
import { defaults } from './defaults.ts';
import { createFixture, withFolder } from './fixture.ts';
import { Connection } from '../src/connection.ts';
import { migrate, migrations } from '../src/migrations.ts';
import { SqliteStore } from '../src/sqlite-store.ts';

async function refusal(path: string, busyTimeoutMs = 10_000): Promise<unknown> {
  const thrown = await SqliteStore.open({ ...defaults, path, busyTimeoutMs }).then(
    async (store) => {
      await store.close();
      throw new assert.AssertionError({ message: 'the database was opened' });
    },
    (error: SoulboxError) => error,
  );
  assert.equal(thrown.code, 'storage_failed');
  assert.ok(!JSON.stringify(thrown.toBody()).includes(path), 'the client learns the path');
  return thrown.details?.['reason'];
}

/** A closed database with documents in it. */
async function withDatabase(body: (path: string) => Promise<void>): Promise<void> {
  const { path, store, dispose } = await createFixture();
  try {
    await store.define('things', { indexes: ['n'] });
    const value = (n: number) => ({ n, filler: 'x'.repeat(500) });
    const puts = Array.from({ length: 200 }, (_, n) => ({ op: 'put', id: `id-${n}`, value: value(n) }) as const);
    await store.commit(puts.map((put) => ({ ...put, collection: 'things' })));
    await store.close();
    await body(path);
  } finally {
    await dispose();
  }
}

test('the database and its side files are private, also where the file was not', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'private.db');
    await writeFile(path, '');
    await chmod(path, 0o644);
    const store = await SqliteStore.open({ ...defaults, path });
    await store.commit([{ op: 'put', collection: 'things', id: 'a', value: {} }]);
    const files = await readdir(folder);
    assert.ok(files.includes('private.db-wal'));
    for (const file of files) assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600, file);
    await store.close();
  });
});

test('a page overwritten in the middle is told when the database is opened', async () => {
  await withDatabase(async (path) => {
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(8192, 0xa5), 0, 8192, 4096 * 4);
    await file.close();
    assert.equal(await refusal(path), 'damaged');
  });
});

test('a database cut short is told when it is opened', async () => {
  await withDatabase(async (path) => {
    await truncate(path, 4096 * 10);
    assert.equal(await refusal(path), 'damaged');
  });
});

test('a page that SQLite can read but must not trust is told when the database is opened', async () => {
  await withDatabase(async (path) => {
    const file = await open(path, 'r+');
    const { size } = await file.stat();
    // The offsets of the cells of each leaf, which must be within the page, and must not overlap.
    for (let page = 10; page * 4096 < size; page++) await file.write(Buffer.alloc(6, 0x0f), 0, 6, page * 4096 + 8);
    await file.close();
    assert.equal(await refusal(path), 'damaged');
  });
});

test('a file that is no database is left as it is', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'letter.txt');
    await writeFile(path, 'Dear Sir or Madam, '.repeat(100));
    assert.equal(await refusal(path), 'damaged');
    assert.equal((await stat(path)).size, 1900);
  });
});

test('a torn end of the write-ahead log is dropped, what comes before it stays', async () => {
  const { path, store, dispose } = await createFixture();
  try {
    await store.commit([{ op: 'put', collection: 'things', id: 'a', value: {} }]);
    const copy = `${path}.copy`;
    await copyFile(path, copy);
    await copyFile(`${path}-wal`, `${copy}-wal`);
    const log = await open(`${copy}-wal`, 'a');
    await log.write(Buffer.alloc(3_000, 0x5a));
    await log.close();
    const copied = await SqliteStore.open({ ...defaults, path: copy });
    assert.equal((await copied.get('things', 'a'))?.version, 1);
    assert.deepEqual(await copied.commit([{ op: 'put', collection: 'things', id: 'a', value: {} }]), [2]);
    await copied.close();
  } finally {
    await dispose();
  }
});

test('a database of a newer release and of another program is refused and not changed', async () => {
  await withDatabase(async (path) => {
    const db = new Connection(path);
    db.exec(`PRAGMA user_version = ${migrations.length + 1}`);
    db.close();
    assert.equal(await refusal(path), 'newer-schema');
  });
  await withFolder(async (folder) => {
    const path = join(folder, 'foreign.db');
    const db = new Connection(path);
    db.exec('CREATE TABLE accounts (id INTEGER)');
    db.close();
    assert.equal(await refusal(path), 'foreign');
    const again = new Connection(path);
    assert.deepEqual(again.rows('SELECT name FROM sqlite_schema'), [['accounts']]);
    again.close();
  });
});

test('a place where no file can be made is an error without a path', async () => {
  await withFolder(async (folder) => {
    assert.equal(await refusal(join(folder, 'absent', 'x.db')), 'other');
    assert.equal(await refusal(folder), 'other');
  });
});

test('an older database is brought forward by all steps or none, and keeps its documents', async () => {
  await withDatabase(async (path) => {
    const db = new Connection(path);
    const broken = () => db.exec('INSERT INTO nowhere VALUES (1)');
    const addTable = () => db.exec('CREATE TABLE added (id INTEGER)');
    const tables = () => db.number(`SELECT count(*) FROM sqlite_schema WHERE name = 'added'`);
    assert.throws(() => migrate(db, [...migrations, addTable, broken]));
    assert.equal(tables(), 0);
    migrate(db, [...migrations, addTable]);
    migrate(db, [...migrations, addTable]);
    assert.equal(tables(), 1);
    assert.deepEqual(db.row('PRAGMA user_version'), [migrations.length + 1]);
    assert.deepEqual(db.row('SELECT count(*) FROM documents'), [200]);
    db.close();
  });
});

test('a database of the first release keeps its changes, and their numbers go on', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'first.db');
    const db = new Connection(path);
    migrate(db, migrations.slice(0, 1));
    db.exec(`INSERT INTO documents VALUES ('things', 'a', 3, '{"n":1}')`);
    db.exec(`INSERT INTO changes (sequence, at, collection, id, op, version) VALUES (7, 0, 'things', 'a', 'put', 3)`);
    db.exec(`CREATE INDEX "things:n" ON documents (collection, id) WHERE collection = 'things'`);
    db.close();
    const store = await SqliteStore.open({ ...defaults, path });
    try {
      await store.define('things', { indexes: ['n'] });
      assert.deepEqual((await store.query('things', { where: { n: 1 } })).documents, [
        { id: 'a', version: 3, value: { n: 1 } },
      ]);
      assert.deepEqual(
        await store.commit([{ op: 'put', collection: 'things', id: 'a', value: {}, ifVersion: 3 }]),
        [4],
      );
      const numbers: number[] = [];
      for await (const { sequence } of store.follow({ after: 6, signal: new AbortController().signal }))
        if (numbers.push(sequence) === 2) break;
      assert.deepEqual(numbers, [7, 8]);
    } finally {
      await store.close();
    }
  });
});

test('a new file that another process keeps to itself is busy, until it is not', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'held.db');
    const holder = new Connection(path);
    holder.exec('BEGIN EXCLUSIVE');
    assert.equal(await refusal(path, 50), 'busy');
    const patient = SqliteStore.open({ ...defaults, path });
    holder.exec('ROLLBACK');
    holder.close();
    await (await patient).close();
  });
});
