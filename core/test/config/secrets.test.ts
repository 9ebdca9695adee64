import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { resolveSecrets } from '../../src/config/secrets.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const variable = 'SOULBOX_TEST_SECRET';

test('references are replaced wherever they stand, all else stays', async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write('key', 'in a file\n\n');
  process.env[variable] = ' in the environment ';
  try {
    const input = { a: [{ $env: variable }, 1, null], b: { c: { $file: 'key' }, d: { $file: file } }, e: 'plain' };
    const { value, secrets, problems } = resolveSecrets(input, folder.path);
    const env = ' in the environment ';
    assert.deepEqual(value, { a: [env, 1, null], b: { c: 'in a file', d: 'in a file' }, e: 'plain' });
    assert.deepEqual(secrets, [env, 'in a file', 'in a file']);
    assert.deepEqual(problems, []);
  } finally {
    delete process.env[variable];
  }
});

test('what only resembles a reference is left for the schema to refuse', () => {
  const input = { a: { $env: 5 }, b: { $env: variable, more: 1 }, c: { $eval: 'x' }, d: {} };
  assert.deepEqual(resolveSecrets(input, '/'), { value: input, secrets: [], problems: [] });
});

test('a secret that cannot be had is a problem with a place and no content', async () => {
  await using folder = await temporaryFolder();
  const input = { a: { b: { $env: variable } }, c: [{ $file: 'missing' }], d: { $file: folder.path } };
  const { value, secrets, problems } = resolveSecrets(input, folder.path);
  assert.deepEqual(value, { a: { b: undefined }, c: [undefined], d: undefined });
  assert.deepEqual(secrets, []);
  assert.deepEqual(problems, [
    { path: ['a', 'b'], message: `environment variable ${variable} is not set` },
    { path: ['c', '0'], message: 'cannot read missing: ENOENT' },
    { path: ['d'], message: `cannot read ${folder.path}: EISDIR` },
  ]);
});

test('an empty variable is a value', () => {
  process.env[variable] = '';
  try {
    assert.deepEqual(resolveSecrets({ $env: variable }, join('/')).value, '');
  } finally {
    delete process.env[variable];
  }
});
