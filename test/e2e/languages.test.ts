import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { LanguageRuntime, type ExecutionResult } from '@soulbox/plugin-sdk';
import { createTestHost, type TestHost } from '@soulbox/plugin-sdk/testing';
import javascript from '@soulbox/plugin-language-javascript';
import python from '@soulbox/plugin-language-python';
import typescript from '@soulbox/plugin-language-typescript';
import { boxes, whyNoBox } from '../support/boxes.ts';

const plugins = {
  ...boxes,
  'language-python': { plugin: python },
  'language-javascript': { plugin: javascript },
  'language-typescript': { plugin: typescript },
};
const languages = ['python', 'javascript', 'typescript'] as const;
type Language = (typeof languages)[number];

/** The same program in each language. */
const programs: Record<string, Record<Language, string>> = {
  sees: {
    python: `
import json, os, sys
print(json.dumps([sys.argv[1:], os.environ["MARK"], sys.stdin.read(), os.getcwd(), os.environ["HOME"], os.getuid() != 0]))`,
    javascript: `
const seen = [process.argv.slice(2), process.env.MARK, require('fs').readFileSync(0, 'utf8'), process.cwd(), process.env.HOME, process.getuid() !== 0];
console.log(JSON.stringify(seen));`,
    typescript: `
import { readFileSync } from 'fs';
const seen: unknown[] = [process.argv.slice(2), process.env.MARK, readFileSync(0, 'utf8'), process.cwd(), process.env.HOME, process.getuid!() !== 0];
console.log(JSON.stringify(seen));`,
  },
  kills: {
    python: 'import os; print("before"); os.kill(os.getpid(), 15)',
    javascript: 'console.log("before"); process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)',
    typescript: 'console.log("before"); process.kill(process.pid, "SIGTERM" as string); setInterval(() => {}, 1000)',
  },
  bytes: {
    python: 'import sys; sys.stdout.buffer.write(bytes(range(256)))',
    javascript: 'process.stdout.write(Buffer.from([...Array(256).keys()]))',
    typescript: 'process.stdout.write(Buffer.from([...Array(256).keys()]) as Uint8Array)',
  },
  floods: {
    python: 'print(("x" * 1023 + "\\n") * 10240, end="")',
    javascript: 'process.stdout.write(("x".repeat(1023) + "\\n").repeat(10240))',
    typescript: 'process.stdout.write(("x".repeat(1023) + "\\n").repeat(10240 as number))',
  },
  writes: {
    python: 'open("here.txt", "w").write("a"); open("/tmp/there", "w").write("b"); print(open("here.txt").read())',
    javascript:
      'const fs = require("fs"); fs.writeFileSync("here.txt", "a"); fs.writeFileSync("/tmp/there", "b"); console.log(fs.readFileSync("here.txt", "utf8"))',
    typescript:
      'import fs from "fs"; fs.writeFileSync("here.txt", "a"); fs.writeFileSync("/tmp/there", "b"); console.log(fs.readFileSync("here.txt", "utf8") as string)',
  },
};

const skip = await whyNoBox();

describe('programs in real boxes', { skip }, () => {
  let host: TestHost;
  before(async () => {
    host = await createTestHost({ plugins });
  });
  after(() => host.stop());

  const execute = async (params: Record<string, unknown>) =>
    (await host.call('executions.create', params)) as ExecutionResult;
  const outcome = ({ verdict, exitCode, signal, stdout, stderr }: ExecutionResult) => ({
    verdict,
    exitCode,
    signal,
    stdout,
    stderr,
  });
  const ok = (stdout: string) => ({ verdict: 'ok', exitCode: 0, signal: null, stdout, stderr: '' });

  for (const language of languages) {
    const run = (name: string, more: Record<string, unknown> = {}) =>
      execute({ language, code: programs[name]?.[language], ...more });

    describe(language, () => {
      test('prints what its canary should', async () => {
        const runtime = host.service<LanguageRuntime>(LanguageRuntime, language);
        assert.ok(runtime);
        const { canary } = await runtime.describe();
        assert.deepEqual(outcome(await execute({ language, code: canary.code })), ok(canary.stdout));
      });
      test('gets standard input, arguments and environment', async () => {
        const args = ['-x', 'a b', 'é😀', ''];
        const result = await run('sees', { args, env: { MARK: 'm=1' }, stdin: 'in\nput é' });
        assert.deepEqual(JSON.parse(result.stdout), [args, 'm=1', 'in\nput é', '/home/sandbox', '/home/sandbox', true]);
        assert.equal(result.stderr, '');
      });
      test('ends by a signal', async () => {
        const expected = { ...ok('before\n'), verdict: 'signal', exitCode: null, signal: 'SIGTERM' };
        assert.deepEqual(outcome(await run('kills')), expected);
      });
      test('may write to its folder and to /tmp', async () => {
        assert.deepEqual(outcome(await run('writes')), ok('a\n'));
      });
      test('prints bytes that are no text', async () => {
        const { stdout, encoding } = await run('bytes');
        assert.equal(encoding.stdout, 'base64');
        assert.deepEqual([...Buffer.from(stdout, 'base64')], [...Array(256).keys()]);
      });
      test('prints 10 MB, all of it where that is allowed', async () => {
        const { verdict, stdout, truncated } = await run('floods', { limits: { outputBytes: 16 * 1024 * 1024 } });
        assert.equal(verdict, 'ok');
        assert.equal(stdout, `${'x'.repeat(1023)}\n`.repeat(10_240));
        assert.deepEqual(truncated, { stdout: false, stderr: false });
      });
    });
  }

  test('TypeScript errors have the positions of the source, before a run and in it', async () => {
    const refused = await execute({
      language: 'ts',
      files: [
        { path: 'main.ts', content: 'let a: number = 1;\nlet b = 2; let = ;\n' },
        { path: 'lib.ts', content: '\n\n  const c: = 3;' },
      ],
    });
    assert.equal(refused.verdict, 'compile-error');
    assert.match(refused.stderr, /^main\.ts:2:\d+: /);
    const found = refused.stages.flatMap((stage) => stage.diagnostics.map(({ file, line }) => `${file}:${line}`));
    assert.deepEqual(found, ['main.ts:2', 'lib.ts:3']);
    const failed = await execute({
      language: 'typescript',
      code: 'enum Level { Low }\nfunction check(level: Level): void {\n  const n: number = level; throw new Error(`level ${n}`);\n}\ncheck(Level.Low);\n',
    });
    assert.equal(failed.verdict, 'exit');
    assert.match(failed.stderr, /at check \(\/home\/sandbox\/main\.ts:3:34\)\n.*\/home\/sandbox\/main\.ts:5:1/);
  });
});
