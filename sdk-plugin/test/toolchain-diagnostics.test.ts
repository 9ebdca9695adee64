import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { atOwnPlace, diagnoseNode, messageLines, ownFile } from '@soulbox/plugin-sdk/toolchain';

test('a program’s own files are told from all others', () => {
  const own = {
    '/home/sandbox/a/b.py': 'a/b.py',
    './a.rb': 'a.rb',
    'a.rb': 'a.rb',
    'file:///home/sandbox/a%20b.mjs': 'a b.mjs',
    'file:///home/sandbox/%E0%A4.mjs': '%E0%A4.mjs',
  };
  for (const [written, path] of Object.entries(own)) assert.equal(ownFile(written), path);
  for (const other of ['', '/usr/lib/x.py', '<string>', '[eval]', 'node:fs', 'file:///usr/x.mjs'])
    assert.equal(ownFile(other), undefined, other);
});

test('the first place in a file of the program’s own is given, if any', () => {
  const inside = { file: './a.rb', line: 2, column: 5 };
  assert.deepEqual(atOwnPlace([{ file: '/usr/x.rb', line: 1 }, inside], 'm'), [
    { file: 'a.rb', line: 2, column: 5, message: 'm' },
  ]);
  assert.deepEqual(atOwnPlace([{ file: 'a.rb', line: 1 }], 'm')[0]?.column, 1);
  assert.deepEqual(atOwnPlace([{ file: '/usr/x.rb', line: 1 }], 'm'), []);
});

test('lines too long for a message are not looked at', () => {
  assert.deepEqual(messageLines(`a\r\n${'x'.repeat(2_000)}\nb`), ['a', '', 'b']);
});

describe('what Node.js says', () => {
  const folder = new RegExp(`${join(tmpdir(), 'soulbox-plan-')}[^/]+/`, 'g');
  const say = async (files: Record<string, string>, entry = 'main.js') => {
    const argv = [process.execPath, `./${entry}`];
    const { stderr } = await runPlanUnsandboxed({
      ok: true,
      files: Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) })),
      stages: [{ name: 'run', argv, env: {} }],
    });
    const text = Buffer.from(stderr).toString();
    return diagnoseNode('run', text.replace(folder, '/home/sandbox/'));
  };
  test('of a syntax error in a script and a module', async () => {
    assert.deepEqual(await say({ 'main.js': 'let a;\n  let b = = 1;\n' }), [
      { file: 'main.js', line: 2, column: 11, message: "SyntaxError: Unexpected token '='" },
    ]);
    const files = { 'main.mjs': "import './lib/x.mjs';\n", 'lib/x.mjs': 'let a;\n  let b = = 1;\n' };
    const [found] = await say(files, 'main.mjs');
    assert.deepEqual([found?.file, found?.line], ['lib/x.mjs', 2]);
  });
  test('of an exception, in the program’s own part of the stack', async () => {
    const files = { 'main.js': "require('./deep');\n", 'deep.js': "\n  require('fs').readFileSync('/nowhere');\n" };
    const [found] = await say(files);
    assert.deepEqual([found?.file, found?.line, found?.column], ['deep.js', 2, 17]);
    assert.match(found?.message ?? '', /^Error: ENOENT/);
  });
  test('of something thrown that is no error', async () => {
    const [found] = await say({ 'main.js': '\nthrow "text"\n' });
    assert.deepEqual([found?.file, found?.line], ['main.js', 2]);
    assert.match(found?.message ?? '', /text/);
  });
  test('nothing, where the program only wrote to standard error', async () => {
    assert.deepEqual(await say({ 'main.js': 'console.error("bad: 1:2:3")' }), []);
    assert.deepEqual(await diagnoseNode('run', `node:fs:1\nx\n^\n\nError: y\n    at f (node:fs:1:2)\n`), []);
  });
});
