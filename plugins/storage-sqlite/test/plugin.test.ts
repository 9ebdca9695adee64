import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Store, parse } from '@soulbox/plugin-sdk';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import plugin from '../src/index.ts';
import { withFolder } from './fixture.ts';

const hostWith = (dataDir: string, config?: Record<string, unknown>) =>
  createTestHost({
    plugins: { 'storage-sqlite': { plugin, ...(config ? { config } : {}) } },
    config: { host: { dataDir } },
  });

test('a host keeps its documents over a restart, in a private file of the data folder', async () => {
  await withFolder(async (folder) => {
    const first = await hostWith(folder);
    await first.service<Store>(Store)!.commit([{ op: 'put', collection: 'things', id: 'a', value: { n: 1 } }]);
    await first.stop();
    const second = await hostWith(folder);
    assert.deepEqual((await second.service<Store>(Store)!.get('things', 'a'))?.value, { n: 1 });
    const { plugins } = (await second.call('plugins.list')) as { plugins: { id: string; state: string }[] };
    assert.equal(plugins.find(({ id }) => id === 'storage-sqlite')?.state, 'active');
    await second.stop();
  });
});

test('the file can be placed elsewhere', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'elsewhere.db');
    const host = await hostWith(join(folder, 'data'), { file });
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    await host.stop();
  });
});

test('a damaged file keeps the host from starting, and is named by reason', async () => {
  await withFolder(async (folder) => {
    const file = join(folder, 'damaged.db');
    await writeFile(file, 'not a database, but long enough to be taken for one'.repeat(10));
    await assert.rejects(hostWith(folder, { file }), { code: 'capability_missing' });
  });
});

for (const config of [{ file: '' }, { file: 'a\0b' }, { busyTimeoutMs: -1 }, { maxDocumentBytes: 1 }, { surprise: 1 }])
  test(`configuration that is refused: ${JSON.stringify(config)}`, () => {
    assert.throws(() => parse(plugin.definition.config!, config, 'config_invalid'), { code: 'config_invalid' });
  });
