import assert from 'node:assert/strict';
import { chmod, lstat, readdir, readFile, stat, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { editConfig, editedConfig } from '../../src/config/edit.ts';
import { failure } from '../support/expect.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const added = { path: ['plugins', 'p'], value: { package: 'plugin-p', version: '1.0.0' } };
const removed = { path: ['plugins', 'p'], value: undefined };

const commented = `# what this host is
host: { logLevel: info } # quiet enough

plugins:
  # first of all
  b:
    package: plugin-b # for now
    config: { secret: { $env: B_SECRET } }
  a: false

# the end
`;

test('comments, order and what is not concerned are kept in YAML', () => {
  const edited = editedConfig('f.yaml', commented, [added]);
  const entry = '  p:\n    package: plugin-p\n    version: 1.0.0\n';
  assert.equal(edited, commented.replace('  a: false\n', `  a: false\n${entry}`));
  assert.equal(editedConfig('f.yaml', edited, [removed]), commented);
});

test('single settings of an entry change, and the others stay', () => {
  const edits = [{ path: ['plugins', 'b', 'package'], value: 'other' }];
  assert.equal(editedConfig('f.yaml', commented, edits), commented.replace('plugin-b', 'other'));
});

for (const [what, text] of Object.entries({
  'an empty file': '',
  'only a comment': '# nothing yet\n',
  'no plugins': 'host: { logLevel: info }\n',
  'plugins without a value': 'plugins:\n',
  'a plugin that was left out': 'plugins:\n  p: false\n',
}))
  test(`an entry is written where there is ${what}`, () => {
    const edited = editedConfig('f.yaml', text, [added]);
    assert.match(edited, /plugins:\n {2}p:\n {4}package: plugin-p\n {4}version: 1\.0\.0\n$/);
    if (text.startsWith('#')) assert.ok(edited.startsWith(text.trimEnd()));
  });

test('what is JSON stays JSON, with its indentation', () => {
  const text = '{\n    "host": { "logLevel": "info" }\n}\n';
  const edited = editedConfig('f.json', text, [added]);
  assert.deepEqual(JSON.parse(edited), { host: { logLevel: 'info' }, plugins: { p: added.value } });
  assert.match(edited, /^ {4}"host"/m);
  assert.deepEqual(JSON.parse(editedConfig('f.json', edited, [removed])), { host: { logLevel: 'info' }, plugins: {} });
  const flat = editedConfig('f.json', '{}', [{ path: ['plugins', 'p', 'version'], value: '2.0.0' }]);
  assert.deepEqual(JSON.parse(flat), { plugins: { p: { version: '2.0.0' } } });
});

test('a file that is not good is left alone', async () => {
  await using folder = await temporaryFolder();
  for (const text of ['plugins: [', '- a\n', '{"__proto__": {"x": 1}}']) {
    const file = await folder.write('soulbox.yaml', text);
    await assert.rejects(editConfig(file, [added]), failure('config_invalid'));
    assert.equal(await readFile(file, 'utf8'), text);
  }
});

test('a file that is not there is made, and one that is there keeps its mode', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'soulbox.yaml');
  await editConfig(file, [added]);
  assert.match(await readFile(file, 'utf8'), /plugin-p/);
  await chmod(file, 0o600);
  await editConfig(file, [removed]);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.equal(await readFile(file, 'utf8'), 'plugins: {}\n');
  assert.deepEqual(await readdir(folder.path), ['soulbox.yaml']);
});

test('a link to a file stays one', async () => {
  await using folder = await temporaryFolder();
  const real = await folder.write('kept/real.yaml', 'plugins: {}\n');
  const link = join(folder.path, 'soulbox.yaml');
  await symlink(real, link);
  await editConfig(link, [added]);
  assert.ok((await lstat(link)).isSymbolicLink());
  assert.match(await readFile(real, 'utf8'), /plugin-p/);
});

test('a file that cannot be written is left as it is, and said to be', async () => {
  await using folder = await temporaryFolder();
  // No room for the name of a draft beside it: refused for everybody, root too.
  const file = await folder.write(`${'n'.repeat(246)}.yaml`, 'plugins: {}\n');
  await assert.rejects(editConfig(file, [added]), failure('config_not_writable', /ENAMETOOLONG/));
  assert.equal(await readFile(file, 'utf8'), 'plugins: {}\n');
  await assert.rejects(editConfig(folder.path, [added]), failure('config_not_writable', /EISDIR/));
  await assert.rejects(
    editConfig(join(folder.path, 'no/such/f.yaml'), [added]),
    failure('config_not_writable', /ENOENT/),
  );
});

test('changes at the same time are all made', async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write('soulbox.yaml', commented);
  const ids = Array.from({ length: 8 }, (_, index) => `p${index}`);
  await Promise.all(ids.map((id) => editConfig(file, [{ path: ['plugins', id], value: { package: id } }])));
  const text = await readFile(file, 'utf8');
  for (const id of ids) assert.match(text, new RegExp(`package: ${id}$`, 'm'));
  assert.deepEqual(await readdir(folder.path), ['soulbox.yaml']);
});

test('what a killed command left is no obstacle, what one at work holds is', async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write('soulbox.yaml', 'plugins: {}\n');
  const draft = await folder.write('soulbox.yaml.draft', 'half');
  await assert.rejects(editConfig(file, [added]), failure('config_not_writable', /EEXIST/));
  await utimes(draft, new Date(0), new Date(0));
  await editConfig(file, [added]);
  assert.match(await readFile(file, 'utf8'), /plugin-p/);
  assert.deepEqual(await readdir(folder.path), ['soulbox.yaml']);
});
