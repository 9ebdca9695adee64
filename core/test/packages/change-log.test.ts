import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { recordChange, type PluginChange } from '../../src/packages/change-log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const change: PluginChange = {
  action: 'remove',
  id: 'p',
  package: 'plugin-p',
  from: '1.0.0',
  to: null,
  integrity: null,
  permissions: null,
};

function account(): string {
  try {
    return os.userInfo().username;
  } catch {
    return String(process.getuid?.());
  }
}

test('changes are added line by line, with time and user, for nobody else to read', async (t) => {
  await using folder = await temporaryFolder();
  const dataDir = join(folder.path, 'not/yet/there');
  await recordChange(dataDir, change);
  // As in a container whose user has no account.
  t.mock.method(os, 'userInfo', () => {
    throw new Error('ENOENT');
  });
  syncBuiltinESMExports();
  await recordChange(dataDir, { ...change, id: 'q' });
  t.mock.restoreAll();
  syncBuiltinESMExports();
  const file = join(dataDir, 'plugin-changes.jsonl');
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual([first?.['id'], first?.['user'], second?.['id']], ['p', account(), 'q']);
  assert.equal(second?.['user'], String(process.getuid?.()));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});
