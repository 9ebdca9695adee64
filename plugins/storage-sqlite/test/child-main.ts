import { once } from 'node:events';
import { argv, stdin, stdout } from 'node:process';
import { isSoulboxError } from '@soulbox/plugin-sdk';
import { SqliteStore } from '../src/sqlite-store.ts';
import { defaults } from './defaults.ts';

const [, , task = '', path = '', setting = ''] = argv;

/** Commits ever new documents, some of them large, and prints each id once it is acknowledged. */
async function write(store: SqliteStore): Promise<never> {
  const writer = async (name: string) => {
    for (let n = 0; ; n++) {
      const id = `${setting}-${name}-${n}`;
      const value = { id, filler: 'x'.repeat(n % 10 === 0 ? 20_000 : 20) };
      await store.commit([
        { op: 'put', collection: 'things', id, value },
        { op: 'put', collection: 'pairs', id, value },
      ]);
      stdout.write(`${id}\n`);
    }
  };
  return Promise.race(['a', 'b', 'c', 'd'].map(writer));
}

/** Adds one to a counter as often as told, trying again whenever another process was faster. */
async function count(store: SqliteStore): Promise<void> {
  for (let left = Number(setting); left > 0;) {
    const found = await store.get('things', 'counter');
    const value = { n: Number(found?.value['n'] ?? 0) + 1 };
    try {
      await store.commit([{ op: 'put', collection: 'things', id: 'counter', value, ifVersion: found?.version ?? 0 }]);
      left--;
    } catch (thrown) {
      if (!isSoulboxError(thrown) || thrown.code !== 'conflict') throw thrown;
    }
  }
}

/** Prints the ids of changes, `following` before the first, until its input ends. */
async function follow(store: SqliteStore): Promise<void> {
  const abort = new AbortController();
  stdin.resume().once('end', () => abort.abort());
  const events = store.follow({ signal: abort.signal });
  await store.ping();
  stdout.write('following\n');
  for await (const { id } of events) stdout.write(`${id}\n`);
}

/** Commits large documents until one is refused, prints how many there were and why, and then how many it can still read. */
async function fill(store: SqliteStore): Promise<void> {
  const filler = 'x'.repeat(100_000);
  for (let n = 0; ; n++) {
    try {
      await store.commit([{ op: 'put', collection: 'things', id: `id-${n}`, value: { filler } }]);
    } catch (thrown) {
      stdout.write(`${n} ${isSoulboxError(thrown) ? thrown.code : String(thrown)}\n`);
      break;
    }
  }
  stdout.write(`${(await store.query('things', {})).documents.length}\n`);
}

const tasks: Record<string, (store: SqliteStore) => Promise<void>> = { write, count, follow, fill };
const run = tasks[task];
// The runner starts every file of this folder; without a task there is nothing to do.
if (run) {
  const store = await SqliteStore.open({ ...defaults, path });
  await run(store);
  await store.close();
  if (stdout.writableNeedDrain) await once(stdout, 'drain');
}
