import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { compileAndRun, refusal } from './compile-and-run.ts';
import { startRuntime } from './start-runtime.ts';

const { runtime, dispose } = await startRuntime();
after(dispose);

describe('positions of errors at run time', () => {
  const failing = `type Name = string;
function fail(name: Name): never {
  const message: string = 'no ' + name;  throw new Error(message);
}
  export const x = 1; fail('x' as Name);
`;
  test('are those of the source where only types are taken out', async () => {
    const { stderr, exitCode } = await compileAndRun(runtime, { 'src/main.ts': failing });
    assert.match(stderr, /at fail \(\S*\/src\/main\.ts:3:48\)\n\s+at \S*\/src\/main\.ts:5:23\n/);
    assert.equal(exitCode, 1);
  });
  test('are those of the source where code is written anew', async () => {
    const { stderr } = await compileAndRun(runtime, {
      'main.ts': `enum E {\n  A,\n}\nnamespace N { export const y = 2 }\n${failing}`,
    });
    assert.match(stderr, /at fail \(\S*\/main\.ts:7:48\)\n\s+at <anonymous> \(\S*\/main\.ts:9:23\)\n/);
    assert.match(stderr, /const message: string =/);
  });
  test('survive the loss of imported types', async () => {
    const main = `import {\n  type A, B,\n  c,\n} from './lib'; c();\nimport { B as D } from './lib'\n;const b: B = 1; c(b as D);\n`;
    const lib =
      'export type A = 1; export interface B {}\nexport function c(x?: unknown) { if (x) throw new Error("at c"); }';
    const { stderr } = await compileAndRun(runtime, { 'main.ts': main, 'lib.ts': lib });
    assert.match(stderr, /at c \(\S*\/lib\.ts:2:47\)\n\s+at \S*\/main\.ts:6:18\n/);
  });
  test('are shown also for files with odd names', async () => {
    const { stderr } = await compileAndRun(runtime, { 'a b/é #1.ts': '\n  throw new Error("x")' });
    assert.match(stderr, /a%20b\/%C3%A9%20%231\.ts:2:9/);
  });
});

describe('positions of errors in the source', () => {
  const at = async (source: string) => {
    const { diagnostics } = await refusal(runtime, { '': source });
    return diagnostics.map(({ line, column }) => `${line}:${column}`);
  };
  test('count lines from 1 and UTF-16 code units from 1', async () => {
    assert.deepEqual(await at('const x: number = ;'), ['1:19']);
    assert.deepEqual(await at('\n\n\tlet y = ;'), ['3:10']);
    assert.deepEqual(await at('\r\n"x"; a(;'), ['2:8']);
    for (const text of ['é', 'e\u0301', '名', '😀', '👨‍👩‍👧', '한ｆ', '\u0001', '☀️', 'x\ty', '~\u00ad\u200b'])
      assert.deepEqual(await at(`/* */ '${text}'; a(;`), [`1:${`/* */ '${text}'; a(;`.length}`], text);
    assert.deepEqual(await at('\ufeffa(;'), ['1:3']);
  });
  test('are shown with the line, and a mark under the place', async () => {
    const { message } = await refusal(runtime, { 'main.ts': 'let a = 1;\n\tlet b: = 2;\n' });
    assert.match(message, /^main\.ts:2:9: [^\n]+\n  \tlet b: = 2;\n  \t {7}\^\n$/);
  });
  test('of a very long line only the part around the place is shown', async () => {
    const { message, diagnostics } = await refusal(runtime, {
      '': `${'a;'.repeat(20_000)}let = ;${'b;'.repeat(20_000)}`,
    });
    assert.ok(message.length < 600);
    const [first] = diagnostics;
    const [, excerpt = '', mark = ''] = message.split('\n');
    assert.ok((first?.column ?? 0) > 40_000);
    assert.equal(excerpt.slice(mark.length - 1, mark.length), ';');
  });
  test('are given for every file that has one', async () => {
    const { message, diagnostics } = await refusal(runtime, {
      'main.ts': 'let = ;',
      'ok.ts': '',
      'lib/b.mts': '\nclass {',
    });
    assert.deepEqual(
      diagnostics.map(({ file, line }) => [file, line]),
      [
        ['main.ts', 1],
        ['lib/b.mts', 2],
      ],
    );
    assert.match(message, /^main\.ts:1:[^]*^lib\/b\.mts:2:/m);
  });
  test('of very many files some are shown, and all are in the diagnostics', async () => {
    const files = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`f${n}.ts`, 'let = ;']));
    const { message, diagnostics } = await refusal(runtime, files, 'f0.ts');
    assert.equal(diagnostics.length, 30);
    assert.match(message, /and 10 more\n$/);
  });
  test('control characters of names and source do not reach a terminal', async () => {
    const { message } = await refusal(runtime, { 'a\u001b[2J.ts': 'let \u001b[2J = ;' });
    assert.ok(!message.includes('\u001b'));
  });
});
