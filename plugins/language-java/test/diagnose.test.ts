import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { diagnose } from '../src/diagnose.ts';
import { javaRuntime } from '../src/runtime.ts';

const runtime = javaRuntime(ConfigSchema.parse({}), () => undefined);

async function say(stage: string, files: Record<string, string>) {
  const input = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  const plan = await runtime.plan({ entry: Object.keys(files)[0], files: input, args: [] });
  assert.ok(plan.ok);
  const { stderr } = await runPlanUnsandboxed(plan);
  return diagnose(stage, Buffer.from(stderr).toString());
}

describe('the compiler’s errors', () => {
  test('are all told, with file, line, column and what it knows besides', async () => {
    const found = await say('compile', {
      'app/Main.java':
        'package app;\nclass Main {\n\tint number = "text";\n  void f() { Other.missing(); }\n  int g() { return 1 }\n}\n',
    });
    assert.deepEqual(found, [{ file: 'app/Main.java', line: 5, column: 21, message: "';' expected" }]);
    const types = await say('compile', {
      'Main.java': 'class Main {\n\tint number = "text";\n  void f() { Other.missing(1); }\n}\n',
      'Other.java': 'class Other {}\n',
    });
    assert.deepEqual(types, [
      { file: 'Main.java', line: 2, column: 15, message: 'incompatible types: String cannot be converted to int' },
      {
        file: 'Main.java',
        line: 3,
        column: 19,
        message: 'cannot find symbol; symbol: method missing(int); location: class Other',
      },
    ]);
  });
  test('are none where it said something else', async () => {
    assert.deepEqual(await diagnose('compile', 'error: invalid flag: -x\nMain.java:1: warning: [x] y\n'), []);
  });
});

describe('an uncaught exception', () => {
  test('is placed in the first class that is the program’s own', async () => {
    const code =
      'package a.b;\nclass Main {\n  static class Inner { void f() { java.util.Objects.requireNonNull(null, "none"); } }\n  public static void main(String[] args) {\n    new Inner().f();\n  }\n}\n';
    assert.deepEqual(await say('run', { 'a/b/Main.java': code }), [
      { file: 'a/b/Main.java', line: 3, column: 1, message: 'java.lang.NullPointerException: none' },
    ]);
  });
  test('is not seen in what a program only wrote, nor placed where no source is known', async () => {
    assert.deepEqual(await diagnose('run', '\tat Main.main(Main.java:3)\n'), []);
    const native =
      'Exception in thread "main" java.lang.Error\n\tat java.base/x.Y.z(Y.java:1)\n\tat A.b(Native Method)\n';
    assert.deepEqual(await diagnose('run', native), []);
  });
});
