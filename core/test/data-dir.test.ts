import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDataDir } from '../src/data-dir.ts';
import { failure } from './support/expect.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

test('a new folder and its id are for their owner only', async () => {
  await using folder = await temporaryFolder();
  const { path, deploymentId } = await openDataDir(join(folder.path, 'a/b'));
  assert.equal(path, join(folder.path, 'a/b'));
  assert.match(deploymentId, /^[0-9a-f]{12}$/);
  assert.equal((await stat(path)).mode & 0o777, 0o700);
  assert.equal((await stat(join(path, 'deployment-id'))).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(path), ['deployment-id']);
});

test('the id stays, also for hosts that open the folder at the same time', async () => {
  await using folder = await temporaryFolder();
  const opened = await Promise.all(Array.from({ length: 20 }, () => openDataDir(folder.path)));
  assert.equal(new Set(opened.map(({ deploymentId }) => deploymentId)).size, 1);
  assert.equal((await openDataDir(folder.path)).deploymentId, opened[0]?.deploymentId);
  assert.deepEqual(await readdir(folder.path), ['deployment-id']);
});

test('two folders have two ids', async () => {
  await using folder = await temporaryFolder();
  const [a, b] = await Promise.all(['a', 'b'].map((name) => openDataDir(join(folder.path, name))));
  assert.notEqual(a?.deploymentId, b?.deploymentId);
});

test('an id that is empty or no id is refused: it would mark what belongs to others', async () => {
  await using folder = await temporaryFolder();
  for (const bad of ['', '\n', 'abc', '../../../etc', 'ABCDEF123456', '0123456789abcdef']) {
    await folder.write('deployment-id', bad);
    await assert.rejects(openDataDir(folder.path), failure('storage_failed', /deployment-id/));
  }
  await folder.write('deployment-id', '0123456789ab\n');
  assert.equal((await openDataDir(folder.path)).deploymentId, '0123456789ab');
});

test('what cannot be a folder is refused', async () => {
  await using folder = await temporaryFolder();
  await assert.rejects(openDataDir(await folder.write('file', 'x')), { code: 'EEXIST' });
  await folder.write('odd/deployment-id/a-folder', 'x');
  await assert.rejects(openDataDir(join(folder.path, 'odd')), { code: 'EISDIR' });
});

test("by default it is in the user's data folder", async () => {
  await using folder = await temporaryFolder();
  const { HOME, XDG_DATA_HOME } = process.env;
  try {
    process.env['XDG_DATA_HOME'] = join(folder.path, 'xdg');
    assert.equal((await openDataDir(undefined)).path, join(folder.path, 'xdg/soulbox'));
    delete process.env['XDG_DATA_HOME'];
    process.env['HOME'] = folder.path;
    assert.equal((await openDataDir(undefined)).path, join(folder.path, '.local/share/soulbox'));
  } finally {
    delete process.env['XDG_DATA_HOME'];
    Object.assign(process.env, { HOME }, XDG_DATA_HOME === undefined ? {} : { XDG_DATA_HOME });
  }
});
