import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { kinds } from '../../bin/new/kinds.ts';
import { namesOf } from '../../bin/new/names.ts';
import { toolVersions } from '../../bin/new/package-json.ts';
import { pluginFiles } from '../../bin/new/template.ts';
import { runCommand } from '../support/run-command.ts';
import { repository } from '../support/strangers.ts';

const top = mkdtempSync(join(tmpdir(), 'soulbox-new-'));
after(() => rmSync(top, { recursive: true, force: true }));

test('what was made is listed, for people and for programs, and is there', async () => {
  const { code, stdout } = await runCommand('new', 'hook', 'first', '--dir', top, '--json');
  assert.equal(code, 0);
  const { folder, files } = JSON.parse(stdout) as { folder: string; files: string[] };
  assert.equal(folder, join(top, 'first'));
  const made = ['.gitignore', '.oxlintrc.json', 'README.md', 'package.json', 'src/index.ts'];
  assert.deepEqual(files, [...made, 'test/conformance.test.ts', 'tsconfig.json']);
  for (const file of files) assert.ok(statSync(join(folder, file)).isFile(), file);
  const told = await runCommand('new', 'storage', 'second', '--dir', top);
  assert.match(told.stdout, /src\/journal-store\.ts\n[^]*npm install && npm run build/);
});

test('a kind that is not there is answered with those that are', async () => {
  for (const kind of ['widget', '__proto__', 'constructor']) {
    const { code, stderr } = await runCommand('new', kind, 'name', '--dir', top);
    assert.equal(code, 2);
    for (const known of Object.keys(kinds)) assert.ok(stderr.includes(known), stderr);
  }
});

test('a name that no plugin can have is refused, and nothing is made', async () => {
  for (const name of ['Big', 'a_b', '-a', 'a-', '../a', 'a/b', 'é', '1st', 'a--b', 'x'.repeat(65), ' '])
    assert.equal((await runCommand('new', 'hook', '--dir', join(top, 'none'), '--', name)).code, 2, name);
  assert.ok(!existsSync(join(top, 'none')));
});

test('nothing is overwritten', async () => {
  mkdirSync(join(top, 'taken'));
  const { code, stderr } = await runCommand('new', 'hook', 'taken', '--dir', top);
  assert.equal(code, 2);
  assert.match(stderr, /is there already/);
  assert.deepEqual(readdirSync(join(top, 'taken')), []);
});

test('a name is written as each place wants it', () => {
  const names = { name: 'word-count-2', package: 'soulbox-plugin-word-count-2', group: 'wordCount' };
  assert.deepEqual(namesOf('word-count-2'), { ...names, title: 'Word count 2' });
  assert.equal(namesOf('a1b').group, 'ab');
});

test('a template that asks for what nobody gives is not used', () => {
  const kind = { summary: 'Does {{something}}.', permissions: { hooks: ['{{something}}'] } };
  assert.throws(() => pluginFiles('hook', kind, namesOf('name')), /\{\{something\}\}/);
});

test('new plugins use the tools that this repository uses', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  for (const [name, range] of Object.entries(toolVersions))
    assert.equal(range.replace('^', ''), devDependencies[name]?.replace('^', ''), name);
});
