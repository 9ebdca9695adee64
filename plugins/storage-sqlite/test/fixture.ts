import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaults } from './defaults.ts';
import { SqliteStore, type StoreOptions } from '../src/sqlite-store.ts';

/** A store in a folder of its own, and the means to open it again. */
export interface SqliteFixture {
  readonly folder: string;
  readonly path: string;
  readonly store: SqliteStore;
  /** Opens the same file once more, beside what is open. */
  readonly share: (options?: Partial<StoreOptions>) => Promise<SqliteStore>;
  /** Closes all that is open and opens the file again. */
  readonly reopen: (options?: Partial<StoreOptions>) => Promise<SqliteStore>;
  readonly dispose: () => Promise<void>;
}

export async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'soulbox-sqlite-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function createFixture(options: Partial<StoreOptions> = {}): Promise<SqliteFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'soulbox-sqlite-'));
  const path = join(folder, 'test.db');
  const opened: SqliteStore[] = [];
  const share = async (changed: Partial<StoreOptions> = {}) => {
    const store = await SqliteStore.open({ ...defaults, path, ...options, ...changed });
    opened.push(store);
    return store;
  };
  const closeAll = () => Promise.all(opened.splice(0).map((store) => store.close()));
  return {
    folder,
    path,
    store: await share(),
    share,
    reopen: async (changed) => {
      await closeAll();
      return share(changed);
    },
    dispose: async () => {
      await closeAll();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
