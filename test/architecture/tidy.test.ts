import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { allFiles, read, root } from './tree.ts';

/** Marks of work that was put off. In capitals, as they are written on purpose. */
const putOff = /\b(?:TO[D]O|FIX[M]E|HAC[K]|XX[X])\b/;
/** Folders of one machine: where people and build machines work. */
const machine = /(?<![\w.:~/-])\/(?:Users|builds|work)\/[\w.-]+/;
/** Homes; boxes have one of their own. */
const homes = /(?<![\w.:~/-])\/home\/(?!sandbox\b)[\w.-]+/;
const text = /\.(ts|mjs|js|c|h|json|md|ya?ml|sh|py)$|(^|\/)(run|LICENSE|\.[\w.]+rc)$/;

function marks(file: string, content: string, pattern: RegExp): string[] {
  return content
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : []));
}

const texts = allFiles().filter((file) => text.test(file) && file !== 'package-lock.json');

test('nothing was put off', () => {
  assert.ok(texts.length > 50, 'the walk missed the tree');
  assert.deepEqual(
    texts.flatMap((file) => marks(file, read(file), putOff)),
    [],
  );
});

test('nothing names a folder of one machine', () => {
  // Tests make homes up.
  const own = texts.filter((file) => !/(^|\/)test\//.test(file));
  assert.deepEqual(
    [
      ...texts.flatMap((file) => marks(file, read(file), machine)),
      ...own.flatMap((file) => marks(file, read(file), homes)),
    ],
    [],
  );
});

test('a mark is found with its line', () => {
  const later = `// ${['TO', 'DO'].join('')} later`;
  assert.deepEqual(marks('x.ts', `a\n${later}`, putOff), [`x.ts:2: ${later}`]);
  assert.deepEqual(marks('x.ts', `const file = '${['', 'work', 'x'].join('/')}';`, machine).length, 1);
  assert.deepEqual(marks('x.ts', "to do; mkdir('/work'); https://example.com/work/page; ~/work/x", machine), []);
  assert.deepEqual(marks('x.ts', "a: '/home/someone/x'\nb: '/home/sandbox/x'", homes).length, 1);
});

test('only the rooms stand at the top', () => {
  const rooms = [
    'LICENSE',
    'README.md',
    'config',
    'core',
    'examples',
    'package-lock.json',
    'package.json',
    'plugins',
    'sdk-plugin',
    'test',
  ];
  const made = new Set(['node_modules', 'coverage']);
  const there = readdirSync(root).filter((name) => !name.startsWith('.') && !made.has(name));
  assert.deepEqual(there.toSorted(), rooms);
});
