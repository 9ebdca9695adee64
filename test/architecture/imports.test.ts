import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importProblem, roomProblem } from './import-rules.ts';
import { importsOf } from './imports.ts';
import { packages } from './packages.ts';
import { allFiles, read, sourceFiles } from './tree.ts';

const all = packages();
const files = new Set(allFiles());
const modules = sourceFiles().filter((file) => !/\.[ch]$/.test(file));
const exists = (path: string): boolean => files.has(path) || path.includes('/dist/');

test('every import is declared, stays in its room and leads somewhere', (t) => {
  const problems: string[] = [];
  let imports = 0;
  for (const file of modules)
    for (const specifier of importsOf(file, read(file))) {
      imports++;
      const problem = importProblem(file, specifier, all, exists) ?? roomProblem(file, specifier);
      if (problem !== undefined) problems.push(`${file} imports ${specifier}: ${problem}`);
    }
  t.diagnostic(`${modules.length} modules, ${imports} imports`);
  assert.deepEqual(problems, []);
  assert.ok(modules.length > 50 && imports > modules.length, 'the walk missed the tree');
});

test('every way to name a module is seen', () => {
  const source = `
    import a from 'a'; import type { B } from 'b'; import 'c'; export * from 'd'; export { e } from 'e';
    const f = await import('f'); type G = import('g').G; import h = require('h');
    const i = import.meta.resolve('i'), j = require('j'), k = require.resolve('k');
    const not = \`import x from 'x'\` + "import('y')"; // import 'z'
    export const l = [a, f, h, i, j, k, not] satisfies unknown[] as G | B;`;
  assert.deepEqual(importsOf('x.ts', source).toSorted(), 'abcdefghijk'.split(''));
  assert.throws(() => importsOf('x.ts', 'import from from from'), SyntaxError);
});

const planted: readonly [file: string, specifier: string, problem: RegExp][] = [
  ['core/src/host.ts', '@soulbox/plugin-language-python', /is not declared/],
  ['core/src/host.ts', 'fs', /node:/],
  ['core/src/host.ts', './gone.ts', /leads nowhere/],
  ['core/src/host.ts', '../../plugins/language-python/src/index.ts', /leaves its package/],
  ['core/src/host.ts', '@soulbox/plugin-sdk/internal', /is not exported/],
  ['plugins/language-python/src/index.ts', '@soulbox/core', /is not declared/],
  ['plugins/language-python/src/index.ts', '../../language-javascript/src/index.ts', /leaves its package/],
  ['plugins/language-python/src/index.ts', 'left-pad', /is not declared/],
  ['plugins/language-python/test/run.test.ts', 'left-pad', /is not declared/],
  ['somewhere/else.ts', './x.ts', /belongs to no package/],
];
for (const [file, specifier, problem] of planted)
  test(`${file} must not import ${specifier}`, () => {
    assert.match(importProblem(file, specifier, all, exists) ?? 'allowed', problem);
  });

const misplaced: readonly [file: string, specifier: string, problem: RegExp][] = [
  ['core/src/host.ts', '@soulbox/plugin-language-python', /no plugin/],
  ['core/test/host.test.ts', '@soulbox/plugin-language-python/client', /no plugin/],
  ['core/src/host.ts', '@soulbox/plugin-sdk/testing', /main entry/],
  ['core/src/host.ts', 'tsyringe', /container/],
  ['plugins/language-python/src/index.ts', 'reflect-metadata', /container/],
  ['sdk-plugin/src/index.ts', '@soulbox/core', /neither/],
  ['sdk-plugin/agent/src/run.ts', '@soulbox/plugin-language-python', /neither/],
  ['sdk-plugin/src/index.ts', '../testing/index.ts', /tests/],
  ['plugins/language-python/test/run.test.ts', '@soulbox/core', /SDK only/],
  ['plugins/language-python/src/index.ts', '@soulbox/plugin-language-javascript', /SDK only/],
  ['plugins/language-python/src/index.ts', '@soulbox/plugin-sdk/testing', /for tests/],
];
for (const [file, specifier, problem] of misplaced)
  test(`the room of ${file} is closed to ${specifier}`, () => {
    assert.match(roomProblem(file, specifier) ?? 'allowed', problem);
  });

test('what a room needs is open to it', () => {
  for (const [file, specifier] of [
    ['core/src/services.ts', 'tsyringe'],
    ['core/src/host.ts', '@soulbox/plugin-sdk'],
    ['core/test/host.test.ts', '@soulbox/plugin-sdk/testing'],
    ['plugins/language-python/src/index.ts', '@soulbox/plugin-sdk'],
    ['plugins/language-python/test/run.test.ts', '@soulbox/plugin-sdk/testing'],
    ['plugins/language-python/test/run.test.ts', '@soulbox/plugin-language-python'],
    ['sdk-plugin/testing/test-host.ts', '@soulbox/core'],
  ] as const) {
    assert.equal(roomProblem(file, specifier), undefined);
    assert.equal(importProblem(file, specifier, all, exists), undefined, `${file} ${specifier}`);
  }
});
