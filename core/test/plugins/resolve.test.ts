import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { importExport, importPlugin, resolvePackage } from '../../src/plugins/resolve.ts';
import { failure } from '../support/expect.ts';
import { pluginCode, writePackage } from '../support/plugin-package.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('a path is relative to the first folder, or absolute', async () => {
  await using folder = await temporaryFolder();
  const at = await writePackage(folder, 'config/plugins/p');
  const folders = [join(folder.path, 'config'), folder.path];
  for (const specifier of ['./plugins/p', '../config/plugins/p', at]) {
    const found = await resolvePackage(specifier, folders);
    assert.deepEqual([found.folder, found.manifest.version], [at, '1.2.3']);
    assert.equal((await importPlugin(found)).definition.id, 'p');
  }
});

test('a package is found in node_modules of any of the folders, or above them, the nearest first', async () => {
  await using folder = await temporaryFolder();
  const outer = await writePackage(folder, 'node_modules/p');
  await writePackage(folder, 'other/node_modules/@scope/q', { id: 'q' });
  const folders = [join(folder.path, 'a/b'), join(folder.path, 'other')];
  assert.equal((await resolvePackage('p', folders)).folder, outer);
  assert.equal((await resolvePackage('@scope/q', folders)).manifest.name, 'q');
  const inner = await writePackage(folder, 'a/node_modules/p');
  assert.equal((await resolvePackage('p', folders)).folder, inner);
});

test('a package that is linked into place is found', async () => {
  await using folder = await temporaryFolder();
  const real = await writePackage(folder, 'elsewhere/p');
  await mkdir(join(folder.path, 'node_modules'));
  await symlink(real, join(folder.path, 'node_modules/p'));
  const found = await resolvePackage('p', [folder.path]);
  assert.equal((await importPlugin(found)).definition.id, 'p');
});

test('what is not installed is refused by name; modules of Node.js are no plugins', async () => {
  await using folder = await temporaryFolder();
  await folder.write('a-file', 'x');
  await folder.write('no-package/index.js', pluginCode('p'));
  for (const specifier of ['not-there', '@scope/not-there', 'fs', 'node:fs', './missing', './a-file', './no-package'])
    await assert.rejects(resolvePackage(specifier, [folder.path]), failure('plugin_not_found', new RegExp(specifier)));
  await assert.rejects(resolvePackage('./missing', []), failure('plugin_not_found'));
});

test('a package.json that is no JSON, or no file, is refused', async () => {
  await using folder = await temporaryFolder();
  await folder.write('broken/package.json', '{');
  await folder.write('folder/package.json/x', '');
  for (const specifier of ['./broken', './folder'])
    await assert.rejects(
      resolvePackage(specifier, [folder.path]),
      failure('plugin_manifest_invalid', /cannot be read as JSON/),
    );
});

test('the manifest is checked before any code of the package runs', async () => {
  await using folder = await temporaryFolder();
  const code = 'globalThis.soulboxTestRan = true; export default 1;';
  await writePackage(folder, 'p', { code, packageJson: { engines: { soulbox: '^99.0.0' } } });
  await writePackage(folder, 'q', { code, packageJson: { soulbox: {} } });
  await assert.rejects(resolvePackage('./p', [folder.path]), failure('plugin_engine_mismatch', /\^99\.0\.0/));
  await assert.rejects(resolvePackage('./q', [folder.path]), failure('plugin_manifest_invalid', /soulbox\.id/));
  assert.equal('soulboxTestRan' in globalThis, false);
});

const entry = { default: './index.js', types: './index.d.ts' };
const exported: Record<string, Record<string, unknown>> = {
  'exports as a string': { exports: './index.js' },
  'a subpath': { exports: { '.': './index.js', './x': './other.js' } },
  conditions: { exports: { types: './index.d.ts', default: './index.js' } },
  'conditions of a subpath': { exports: { '.': { types: './index.d.ts', import: './index.js', default: './no.js' } } },
  'nested conditions': { exports: { '.': { browser: './no.js', node: { require: './no.cjs', import: entry } } } },
  'the first condition that holds': { exports: { '.': { node: { browser: './no.js' }, default: './index.js' } } },
  main: { exports: undefined, main: './index.js' },
};
for (const [how, packageJson] of Object.entries(exported)) {
  test(`the plugin is imported by ${how}`, async () => {
    await using folder = await temporaryFolder();
    await writePackage(folder, 'p', { packageJson });
    assert.equal((await importPlugin(await resolvePackage('./p', [folder.path]))).definition.id, 'p');
  });
}

const notExported: Record<string, Record<string, unknown>> = {
  nothing: { exports: {} },
  null: { exports: null },
  'another subpath': { exports: { './x': './index.js' } },
  'null for the subpath': { exports: { '.': null } },
  'a number': { exports: { '.': 5 } },
  'no condition that holds': { exports: { '.': { browser: './index.js', require: './index.js' } } },
  'neither exports nor main': { exports: undefined },
  'a main that is no text': { exports: undefined, main: 5 },
};
for (const [how, packageJson] of Object.entries(notExported)) {
  test(`a package that exports ${how} is refused`, async () => {
    await using folder = await temporaryFolder();
    await writePackage(folder, 'p', { packageJson });
    const found = await resolvePackage('./p', [folder.path]);
    await assert.rejects(importPlugin(found), failure('plugin_manifest_invalid', /p does not export "\."/));
  });
}

test('a subpath is imported by its name, and only if it is exported', async () => {
  await using folder = await temporaryFolder();
  await writePackage(folder, 'p', { packageJson: { exports: { '.': './index.js', './client': './client.js' } } });
  await folder.write('p/client.js', 'export const connect = 5;');
  const found = await resolvePackage('./p', [folder.path]);
  assert.equal((await importExport(found, './client'))['connect'], 5);
  for (const subpath of ['./other', 'constructor', '__proto__', './index.js'])
    await assert.rejects(importExport(found, subpath), failure('plugin_manifest_invalid', /does not export/));
});

const wrongExports: Record<string, [code: string, pattern: RegExp]> = {
  nothing: ['export const plugin = 1;', /expected object/],
  'a function': ['export default () => {};', /expected object/],
  'an object of another kind': ['export default { apply() {} };', /\$soulbox/],
  'no definition': ['export default { $soulbox: 1 };', /definition: /],
  'another version of plugins': ['export default { $soulbox: 2, definition: { id: "p", setup() {} } };', /\$soulbox/],
  'no setup': [`export default { $soulbox: 1, definition: { id: 'p' } };`, /definition\.setup: must be a function/],
  'another id': [pluginCode('q'), /package\.json says soulbox\.id "p", the code says "q"/],
  'a requirement that is undefined': [pluginCode('p', 'requires: { store: undefined }, setup() {}'), /requires\.store/],
  'a requirement by name': [pluginCode('p', 'requires: { store: "store" }, setup() {}'), /requires\.store/],
  'a provided capability that is no token': [pluginCode('p', 'provides: [undefined], setup() {}'), /provides\.0/],
  'a token with an odd version': [
    pluginCode('p', `provides: [{ id: 'x', version: '1', kind: 'one', key: Symbol() }], setup() {}`),
    /provides\.0\.version: must be of the form 1\.2\.3/,
  ],
  'settings that are no schema': [pluginCode('p', 'config: { port: 5 }, setup() {}'), /definition\.config/],
};
for (const [what, [code, pattern]] of Object.entries(wrongExports)) {
  test(`a package that exports ${what} by default is refused, and told why`, async () => {
    await using folder = await temporaryFolder();
    await writePackage(folder, 'p', { code });
    const found = await resolvePackage('./p', [folder.path]);
    await assert.rejects(importPlugin(found), failure('plugin_manifest_invalid', pattern));
  });
}

test('what package.json says of capabilities must be what the code says', async () => {
  await using folder = await temporaryFolder();
  const token = `{ id: 'x', version: '1.0.0', kind: 'one', key: Symbol.for('soulbox/x@1') }`;
  const code = pluginCode('p', `provides: [${token}], setup() {}`);
  const withCapabilities = (provides: unknown) => ({ soulbox: { id: 'p', provides, requires: [] } });
  await writePackage(folder, 'good', { code, packageJson: withCapabilities(['x@1.0.0']) });
  await importPlugin(await resolvePackage('./good', [folder.path]));
  await writePackage(folder, 'bad', { code, packageJson: withCapabilities(['x@2.0.0']) });
  const bad = await resolvePackage('./bad', [folder.path]);
  await assert.rejects(
    importPlugin(bad),
    failure('plugin_manifest_invalid', /p: package\.json says soulbox\.provides x@2\.0\.0; the code says x@1\.0\.0/),
  );
  for (const provides of [['x'], ['x@1'], ['x@1.0.0?'], 'x@1.0.0']) {
    await writePackage(folder, 'ugly', { code, packageJson: withCapabilities(provides) });
    await assert.rejects(
      resolvePackage('./ugly', [folder.path]),
      failure('plugin_manifest_invalid', /soulbox\.provides/),
    );
  }
});
