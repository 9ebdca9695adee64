import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startChild } from './child.ts';
import { defaults } from './defaults.ts';
import { createFixture, withFolder } from './fixture.ts';
import { Connection } from '../src/connection.ts';
import { SqliteStore } from '../src/sqlite-store.ts';

test('processes that start at once on a new file and count together lose no count', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'counted.db');
    const children = Array.from({ length: 4 }, () => startChild('count', path, '25'));
    assert.deepEqual(await Promise.all(children.map(({ ended }) => ended)), [0, 0, 0, 0]);
    const store = await SqliteStore.open({ ...defaults, path });
    const counter = await store.get('things', 'counter');
    await store.close();
    assert.deepEqual(counter, { id: 'counter', version: 100, value: { n: 100 } });
  });
});

test('a process follows the commits of another', async () => {
  const { path, store, dispose } = await createFixture();
  const child = startChild('follow', path);
  try {
    const lines = child.lines[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, 'following');
    for (const id of ['first', 'second', 'third']) {
      await store.commit([{ op: 'put', collection: 'things', id, value: {} }]);
      assert.equal((await lines.next()).value, id);
    }
    child.process.stdin!.end();
    assert.equal(await child.ended, 0);
  } finally {
    child.process.kill('SIGKILL');
    await child.ended;
    await dispose();
  }
});

test('a write that waits too long for another process fails as busy, and the next one works', async () => {
  const { path, store, share, dispose } = await createFixture();
  const hasty = await share({ busyTimeoutMs: 20 });
  try {
    const other = new Connection(path);
    other.exec('BEGIN IMMEDIATE');
    const puts = ['a', 'b', 'c'].map((id) => [{ op: 'put', collection: 'things', id, value: {} }] as const);
    const outcomes = await Promise.allSettled(puts.map((changes) => hasty.commit(changes)));
    assert.deepEqual(
      outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as { details: unknown }).details),
      puts.map(() => ({ reason: 'busy' })),
    );
    const patient = store.commit(puts[0]!);
    other.exec('ROLLBACK');
    other.close();
    assert.deepEqual(await patient, [1]);
    assert.deepEqual(await hasty.commit(puts[1]!), [1]);
  } finally {
    await dispose();
  }
});
