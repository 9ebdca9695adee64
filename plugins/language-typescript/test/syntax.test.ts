import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { compileAndRun, refusal, type Files } from './compile-and-run.ts';
import { startRuntime } from './start-runtime.ts';

const { runtime, dispose } = await startRuntime();
after(dispose);

async function prints(expected: string, files: Files, entry?: string): Promise<void> {
  assert.deepEqual(await compileAndRun(runtime, files, entry), { stdout: `${expected}\n`, stderr: '', exitCode: 0 });
}

describe('TypeScript syntax', () => {
  test('types, casts, generics and overloads disappear', () =>
    prints('3 ok', {
      '': `
abstract class Base<T> { declare hidden: T; abstract size(): number; protected x!: T; y?: string }
class Box<T extends number> extends Base<T> implements Iterable<T> {
  constructor(readonly_: T) { super(); this.x = readonly_ }
  size(): number { return this.x as number satisfies number }
  *[Symbol.iterator](): IterableIterator<T> { yield this.x! }
}
function pick(a: string): string;
function pick(this: void, a: unknown): unknown { return a }
let n = <number>new Box(3).size();
declare const nowhere: never;
console.log(n, pick('ok'));`,
    }));
  test('enums, namespaces and parameter properties work', () =>
    prints('Green 1 4 7', {
      '': `
enum Colour { Red, Green }
const enum Size { Small = 4 }
namespace Shapes { export const side = 7; export interface I {} }
class Point { constructor(public readonly x: number) {} }
console.log(Colour[1], new Point(1).x, Size.Small, Shapes.side);`,
    }));
  test('import = and export = work in scripts', () =>
    prints('function 5', {
      'main.cts':
        "import fs = require('fs');\nimport five = require('./five.cjs');\nconsole.log(typeof fs.readFileSync, five.value);",
      'five.cts': 'export = { value: 5 };',
    }));
  test('import = and export = also work in .ts files that are no modules', () =>
    prints('5 object', {
      'main.ts': "import five = require('./five.js');\nconsole.log(five.value, typeof module);",
      'five.ts': 'enum E { Five = 5 }\nexport = { value: E.Five };',
    }));
  test('import = works in modules', () =>
    prints('function b', {
      'main.ts': "import fs = require('fs');\nimport { b } from './b';\nconsole.log(typeof fs.readFileSync, b);",
      'b.mts': '',
      'b.ts': "export const b: string = 'b';",
    }));
  test('a script may use require for compiled files', () =>
    prints('1 2', {
      'main.ts': "const a = require('./a'), b = require('./b.js');\nconsole.log((a as any).x, b.x);",
      'a.ts': 'exports.x = 1 as number;',
      'b.ts': 'exports.x = 2 as number;',
    }));
  test('a module whose imports are all types is still a module', () =>
    prints('undefined', {
      'main.ts': "import { T } from './t';\nconsole.log(this as T);",
      't.ts': 'export type T = unknown',
    }));
  test('and so where code is written anew', () =>
    prints('undefined 0', {
      'main.ts': "import { T } from './t';\nenum E { A }\nconsole.log(this as T, E.A);",
      't.ts': 'export type T = unknown',
    }));
  test('taking an import out does not join the lines around it', () =>
    prints('1', {
      'main.ts': "const f = (x: unknown) => x\nlet g = f\nimport { T } from './t'\n(g as T)\nconsole.log(1)",
      't.ts': 'export type T = unknown',
    }));
  test('package.json decides what .ts files are, tsconfig.json nothing', () =>
    prints('function', {
      'main.ts': "const fs: any = require('fs'); console.log(typeof fs.readFileSync);",
      'package.json': '{"type":"commonjs"}',
      'tsconfig.json': 'not even JSON',
    }));
});

describe('imports between files', () => {
  const leaf = (value: string) => `export default ${value} as unknown;`;
  test('may name the TypeScript file, the JavaScript file, or no ending', () =>
    prints('a a a m c i i j', {
      'main.ts': `
import a1 from './lib/a.ts'; import a2 from './lib/a.js';
import a3 from "./lib/a"; import m from './lib/m.mts'; import c from './lib/c.cts';
import i1 from './lib'; import i2 from './lib/'; import j from './lib/plain';
console.log(a1, a2, a3, m, c, i1, i2, j);`,
      'lib/a.ts': leaf("'a'"),
      'lib/m.mts': leaf("'m'"),
      'lib/c.cts': "module.exports = 'c' as string;",
      'lib/index.ts': leaf("'i'"),
      'lib/plain.js': "export { default } from './j';",
      'lib/j.ts': leaf("'j'"),
    }));
  test('may be dynamic, go upwards, re-export, and carry a query or escapes', () =>
    prints(
      '1 1 1 1',
      {
        'app/main.ts': `
const { x: a } = await import('../lib/x'); const b = await import("../lib/x.ts?again");
import { x as c } from './barrel'; import { x as d } from '../my%20lib/\\u0078.ts';
console.log(a, b.x, c, d);`,
        'app/barrel.ts': "export * from '../lib/x.ts'; export { x as y } from '../lib/x';",
        'lib/x.ts': 'export const x: number = 1;',
        'my lib/x.ts': 'export const x: number = 1;',
      },
      'app/main.ts',
    ));
  test('of packages, of what is not there and of computed names are left to Node', async () => {
    await prints('function', {
      '': "import { join } from 'node:path'; const n: string = 'node:fs'; console.log(typeof (await import(n)).readFileSync && typeof join)",
    });
    const gone = await compileAndRun(runtime, { '': "import x from './gone.ts'; console.log(x as any)" });
    assert.match(gone.stderr, /Cannot find module .*gone\.ts/);
    const odd = await compileAndRun(runtime, { '': "import x from './%zz'; console.log(x as any)" });
    assert.equal(odd.exitCode, 1);
  });
  test('JavaScript and data among the files stay as they are', () =>
    prints('{"x":[1]} ä', {
      'main.ts':
        "import { readFileSync } from 'fs'; import data from './data.json' with { type: 'json' };\nimport './x.js'; console.log(JSON.stringify(data as object), readFileSync('latin', 'latin1'))",
      'data.json': '{"x":[1]}',
      latin: Uint8Array.of(0xe4),
      'x.js': '// nothing',
      'types.d.ts': 'declare const y: number;',
    }));
  test('JavaScript that cannot be read is left for Node to refuse', async () => {
    const broken = { 'main.ts': "import './x.js'", 'y.js': Uint8Array.of(0xff) };
    assert.match((await compileAndRun(runtime, { ...broken, 'x.js': 'import {' })).stderr, /x\.js:1[^]*SyntaxError/);
  });
  test('the entry may be JavaScript', () =>
    prints(
      '2',
      { 'start.mjs': "import { two } from './two.ts'; console.log(two)", 'two.ts': 'export const two: number = 2' },
      'start.mjs',
    ));
});

describe('what is refused', () => {
  const cases: [string, Files, RegExp, string?][] = [
    ['JSX', { 'main.ts': '', 'view.tsx': 'let a = <b/>' }, /^view\.tsx:1:1: JSX is not supported/],
    ['two files that become one', { 'main.ts': '', 'main.js': '' }, /^main\.ts:1:1: would be compiled to main\.js/],
    [
      'a file that becomes a folder of others',
      { 'main.ts': '', 'main.js/x.ts': '' },
      /^main\.ts:1:1: would be compiled/,
    ],
    ['source that is no UTF-8', { 'main.ts': Uint8Array.of(0x61, 0xff) }, /^main\.ts:1:1: is not valid UTF-8/],
    ['an entry that is no program', { 'x.json': '{}' }, /^x\.json:1:1: cannot be run/, 'x.json'],
    ['export = in a module', { 'main.ts': 'import "fs"; export = 5;' }, /^main\.ts:1:14: Export assignment/],
  ];
  for (const [what, files, message, entry] of cases)
    test(what, async () => assert.match((await refusal(runtime, files, entry)).message, message));
});
