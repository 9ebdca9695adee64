import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { goRuntime } from '../src/runtime.ts';
import { cache } from './cache.ts';

const runtime = goRuntime({
  config: ConfigSchema.parse({ cache }),
  image: { reference: 'x', folder: '/x' },
  onUnusable: () => undefined,
  signal: new AbortController().signal,
});

async function run(files: Record<string, string>, entry?: string) {
  const input = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  const plan = await runtime.plan({ entry, files: input, args: [] });
  assert.ok(plan.ok);
  const { stdout, stderr, exitCode } = await runPlanUnsandboxed(plan);
  return { stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString(), exitCode };
}

const printed = (word: string) => ({ stdout: `${word}\n`, stderr: '', exitCode: 0 });
const say = (word: string) => `package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("${word}") }\n`;
const library = (name: string, word: string) => `package ${name}\n\nconst Word = "${word}"\n`;

describe('Go programs', () => {
  test('a module’s packages are imported, and Go chooses the files', async () => {
    const files = {
      'go.mod': 'module example.com/app\n\ngo 1.19\n',
      'main.go':
        'package main\n\nimport (\n\t"fmt"\n\n\t"example.com/app/lib"\n)\n\nfunc main() { fmt.Println(lib.Word + own) }\n',
      'own.go': 'package main\n\nconst own = "+own"\n',
      'own_windows.go': 'package main\n\nconst own = "of Windows"\n',
      'lib/lib.go': library('lib', 'lib'),
    };
    assert.deepEqual(await run(files), printed('lib+own'));
  });
  test('the entry may lie anywhere in a module, and the module anywhere', async () => {
    const files = {
      'app/go.mod': 'module app\n\ngo 1.19\n',
      'app/cmd/one/main.go':
        'package main\n\nimport (\n\t"fmt"\n\n\t"app/lib"\n)\n\nfunc main() { fmt.Println(lib.Word) }\n',
      'app/lib/lib.go': library('lib', 'deep'),
      'app/a.go': say('a'),
      'app/b.go': say('b'),
    };
    assert.deepEqual(await run(files, 'app/cmd/one/main.go'), printed('deep'));
    assert.deepEqual(await run(files, 'app/b.go'), printed('b'));
  });
  test('a file with an odd name is named as its client named it', async () => {
    const { exitCode, stderr } = await run({ '-x.go': 'package main\n\nfunc main() {\n\tx()\n}\n' });
    assert.notEqual(exitCode, 0);
    assert.deepEqual(await runtime.diagnose?.('compile', stderr), [
      { file: '-x.go', line: 4, column: 2, message: 'undefined: x' },
    ]);
  });
  test('a panic ends it with exit code 2, and its place is found', async () => {
    const { exitCode, stderr } = await run({ '': 'package main\n\nfunc main() {\n\tpanic("deliberate")\n}\n' });
    assert.equal(exitCode, 2);
    assert.match(stderr, /panic: deliberate[^]*main\.go:4/);
  });
  test('in an image its own toolchain is used, and nothing is prepared', async () => {
    const content = Buffer.from(say('x'));
    const plan = await runtime.plan({
      entry: undefined,
      files: [{ path: '', content }],
      args: ['a'],
      toolchain: 'image',
    });
    assert.ok(plan.ok);
    assert.ok(plan.stages[0]?.argv.includes('/usr/local/go/bin/go'));
    assert.ok(plan.stages[0]?.argv.includes('GOCACHE=/usr/local/share/soulbox-go'));
    assert.equal(plan.stages[0]?.compiles, true);
    assert.deepEqual(plan.stages[1]?.argv.slice(1), ['./.program', 'a']);
  });
});
