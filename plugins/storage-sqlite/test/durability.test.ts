import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { startChild } from './child.ts';
import { defaults } from './defaults.ts';
import { withFolder } from './fixture.ts';
import { SqliteStore } from '../src/sqlite-store.ts';

const rounds = 20;

/** Lets a process write until it has acknowledged `count` commits, kills it, and returns all that it acknowledged. */
async function writeAndKill(path: string, round: number, count: number): Promise<string[]> {
  const child = startChild('write', path, String(round));
  const acknowledged: string[] = [];
  for await (const line of child.lines) {
    // Lines in the pipe count as well: they were acknowledged before the end.
    if (acknowledged.push(line) === count) child.process.kill('SIGKILL');
  }
  assert.equal(await child.ended, 'SIGKILL');
  return acknowledged;
}

test('what a killed process has acknowledged is there, whole, and nothing else is half there', async () => {
  await withFolder(async (folder) => {
    const path = join(folder, 'killed.db');
    const acknowledged: string[] = [];
    for (let round = 0; round < rounds; round++) {
      acknowledged.push(...(await writeAndKill(path, round, 20 + 7 * round)));
      const store = await SqliteStore.open({ ...defaults, path });
      try {
        for (const id of acknowledged) {
          const [thing, pair] = await Promise.all([store.get('things', id), store.get('pairs', id)]);
          assert.equal(thing?.value['id'], id);
          assert.deepEqual(pair, thing);
        }
        const count = async (collection: string) => (await store.query(collection, { limit: 1000 })).documents.length;
        assert.equal(await count('things'), await count('pairs'));
      } finally {
        await store.close();
      }
    }
    assert.ok(acknowledged.length >= rounds * 20);
  });
});
