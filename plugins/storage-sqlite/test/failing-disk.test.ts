import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startLimitedChild } from './child.ts';
import { withFolder } from './fixture.ts';
import { ChangeLog } from '../src/change-log.ts';
import { Committer } from '../src/committer.ts';
import type { Connection } from '../src/connection.ts';
import { openDatabase } from '../src/open-database.ts';
import { packError, unpackError } from '../src/storage-error.ts';

async function withCommitter(body: (committer: Committer, db: Connection) => void): Promise<void> {
  await withFolder(async (folder) => {
    const db = openDatabase(join(folder, 'test.db'), 100);
    try {
      body(new Committer(db, new ChangeLog(db, { keepChanges: 10, keepChangesMs: 1_000 })), db);
    } finally {
      db.close();
    }
  });
}

const put = (id: string, bytes: number, ifVersion?: number) =>
  [{ op: 'put', collection: 'things', id, text: JSON.stringify({ x: 'x'.repeat(bytes) }), ifVersion }] as const;

/** What became of each commit: its versions, or the code and the reason of its failure. */
function outcomes(committer: Committer, commits: Parameters<Committer['commitAll']>[0]): unknown[] {
  return committer.commitAll(commits).map((outcome) => {
    if ('versions' in outcome) return outcome.versions;
    const { code, details } = unpackError(packError(outcome.error));
    return [code, details?.['reason']];
  });
}

test('of commits that share a transaction a conflict fails alone', async () => {
  await withCommitter((committer) => {
    const shared = [put('a', 1), put('a', 1, 5), put('b', 1, 0), put('b', 1, 0), put('b', 1, 1)];
    const conflict = ['conflict', undefined];
    assert.deepEqual(outcomes(committer, shared), [[1], conflict, [1], conflict, [2]]);
  });
});

test('a full disk fails the commit that needs the room, and the next small one works', async () => {
  await withCommitter((committer, db) => {
    db.row('PRAGMA max_page_count = 40');
    const full = ['storage_failed', 'full'];
    assert.deepEqual(outcomes(committer, [put('a', 10), put('b', 500_000), put('c', 10)]), [[1], full, [1]]);
    assert.deepEqual(outcomes(committer, [put('b', 500_000)]), [full]);
    assert.deepEqual(outcomes(committer, [put('a', 10)]), [[2]]);
    assert.deepEqual(db.rows('SELECT id, version FROM documents ORDER BY id'), [
      ['a', 2],
      ['c', 1],
    ]);
  });
});

test('a database that cannot be written says so, and is still read', async () => {
  await withCommitter((committer, db) => {
    outcomes(committer, [put('a', 10)]);
    db.row('PRAGMA query_only = 1');
    const refused = ['storage_failed', 'read-only'];
    assert.deepEqual(outcomes(committer, [put('a', 10), put('b', 10)]), [refused, refused]);
    assert.deepEqual(db.rows('SELECT id, version FROM documents'), [['a', 1]]);
  });
});

test('a process whose files may not grow fails the commit, keeps what it had, and lives', async () => {
  await withFolder(async (folder) => {
    const child = startLimitedChild(4_000, 'fill', join(folder, 'test.db'));
    const lines: string[] = [];
    for await (const line of child.lines) lines.push(line);
    assert.equal(await child.ended, 0);
    const [, acknowledged, code] = /^(\d+) (.*)$/.exec(lines[0]!)!;
    assert.equal(code, 'storage_failed');
    assert.ok(Number(acknowledged) > 0);
    assert.equal(lines[1], acknowledged);
  });
});
