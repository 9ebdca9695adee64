import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { declareCapabilities } from '../../bin/migrate/declare-capabilities.ts';
import { PluginFolder } from '../../bin/migrate/folder.ts';
import { migrate } from '../../bin/migrate/migrate.ts';
import type { Migration } from '../../bin/migrate/migration.ts';
import { changeManifest, readPackageJson } from '../../bin/migrate/package-json.ts';
import { runCommand } from '../support/run-command.ts';
import { pluginWriter } from '../support/write-plugin.ts';

const write = pluginWriter();
const capable = {
  definition: `provides: [sdk.Cache], requires: { store: sdk.Store, more: sdk.optional(sdk.Cache) },`,
};
const packageJsonOf = (folder: string) => readFile(join(folder, 'package.json'), 'utf8');

test('what the code provides and requires is shown, and written when it is asked for, once', async () => {
  const folder = await write(capable);
  const before = await packageJsonOf(folder);
  const dry = await runCommand('migrate', folder);
  assert.equal(dry.code, 0);
  assert.match(dry.stdout, /^1\.0\.0: say in package\.json/);
  assert.match(dry.stdout, /^--- package\.json\n\+\+\+ package\.json\n/m);
  assert.match(dry.stdout, /^\+ {4}"provides": \[\n\+ {6}"cache@1\.0\.0"\n/m);
  assert.match(dry.stdout, /nothing was written; --write does it\n$/);
  assert.equal(await packageJsonOf(folder), before);

  assert.equal((await runCommand('migrate', folder, '--write')).code, 0);
  const after = await packageJsonOf(folder);
  const { soulbox } = JSON.parse(after) as { soulbox: Record<string, unknown> };
  assert.deepEqual(soulbox['provides'], ['cache@1.0.0']);
  assert.deepEqual(soulbox['requires'], ['store@1.0.0', 'cache@1.0.0?']);
  assert.match((await runCommand('migrate', folder, '--write')).stdout, /nothing to do/);
  assert.equal(await packageJsonOf(folder), after);
});

test('what the manifest says already is left as it is, and so is how it is written', async () => {
  const folder = await write({ ...capable, soulbox: { provides: ['cache@1.0.0'], requires: [] } });
  assert.match((await runCommand('migrate', folder)).stdout, /nothing to do/);
  const own = await write(capable);
  const text = JSON.stringify(JSON.parse(await packageJsonOf(own)), null, '\t');
  await writeFile(join(own, 'package.json'), text);
  await runCommand('migrate', own, '--write');
  const now = await packageJsonOf(own);
  assert.ok(now.startsWith(text.slice(0, text.indexOf('"isolation"'))) && now.endsWith('\n}'), now);
  const idle = await write({ packageJson: { exports: './index.js' } });
  assert.match((await runCommand('migrate', idle)).stdout, /nothing to do/);
});

const later: Migration = {
  version: '2.0.0',
  description: 'count the capabilities',
  applies: async (folder) => readPackageJson(folder).soulbox['count'] === undefined,
  apply: async (folder) => changeManifest(folder, { count: readPackageJson(folder).soulbox.provides?.length ?? 0 }),
};

test('migrations are made by version, each on what the one before it left, and again change nothing', async () => {
  const folder = new PluginFolder(await write(capable));
  const done = await migrate(folder, [later, declareCapabilities], '2.1.0');
  assert.deepEqual(done, [declareCapabilities, later]);
  assert.equal(readPackageJson(folder).soulbox['count'], 1);
  assert.deepEqual(await migrate(folder, [declareCapabilities, later], '2.1.0'), []);
  folder.write();
  assert.deepEqual(await migrate(new PluginFolder(folder.path), [later, declareCapabilities], '2.1.0'), []);
});

test('a migration of a later SDK is not made', async () => {
  const folder = new PluginFolder(await write(capable));
  assert.deepEqual(await migrate(folder, [later, declareCapabilities], '1.9.0'), [declareCapabilities]);
});

test('what cannot be brought forward is refused, and says why', async () => {
  const sdk = (range: string) => ({ packageJson: { peerDependencies: { '@soulbox/plugin-sdk': range } } });
  const broken = await write({});
  await writeFile(join(broken, 'package.json'), '{');
  const refused: readonly (readonly [folder: string, says: RegExp])[] = [
    [await write(sdk('^7.1')), /made for @soulbox\/plugin-sdk \^7\.1, but this is [\d.]+: install a later one/],
    [await write(sdk('*')), /names no version of @soulbox\/plugin-sdk/],
    [await write({ packageJson: { peerDependencies: {} } }), /names no version/],
    [broken, /package\.json is not JSON/],
    [await write({ packageJson: { soulbox: 1 } }), /is not that of a plugin/],
    [await write({ packageJson: { exports: { '.': './dist/index.js' } } }), /cannot be loaded; build it first/],
    [join(broken, 'none'), /cannot be read: ENOENT/],
  ];
  for (const [folder, says] of refused) {
    const { code, stderr } = await runCommand('migrate', folder, '--write');
    assert.equal(code, 2);
    assert.match(stderr, says);
  }
});
