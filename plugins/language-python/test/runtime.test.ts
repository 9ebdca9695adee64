import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { pythonRuntime } from '../src/runtime.ts';

const runtime = pythonRuntime(ConfigSchema.parse({}), () => undefined);

async function run(files: Record<string, string>, entry?: string) {
  const input = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  const plan = await runtime.plan({ entry, files: input, args: [] });
  assert.ok(plan.ok);
  const { stdout, stderr, ...status } = await runPlanUnsandboxed(plan);
  return { stdout: Buffer.from(stdout).toString('latin1'), stderr: Buffer.from(stderr).toString(), ...status };
}

describe('Python programs', () => {
  test('what was printed before the program was killed is not lost', async () => {
    const result = await run({ '': 'import os\nprint("so far", end="")\nos.kill(os.getpid(), 9)\n' });
    assert.deepEqual(result, { stdout: 'so far', stderr: '', exitCode: null, signal: 'SIGKILL' });
  });
  test('output need not be text', async () => {
    const result = await run({ '': 'import sys\nsys.stdout.buffer.write(bytes(range(256)))\n' });
    assert.equal(result.stdout, String.fromCharCode(...Array(256).keys()));
  });
  test('a traceback names the user’s file and line', async () => {
    const { stderr, exitCode } = await run({ 'main.py': 'import other\n', 'other.py': '\n\n1 / 0\n' });
    assert.match(stderr, /main\.py", line 1[^]*other\.py", line 3[^]*ZeroDivisionError/);
    assert.equal(exitCode, 1);
  });
  test('__main__.py is an entry, and main.py comes before it', async () => {
    const other = { 'a.py': '', '__main__.py': 'print("package")' };
    assert.equal((await run(other)).stdout, 'package\n');
    assert.equal((await run({ ...other, 'main.py': 'print("main")' })).stdout, 'main\n');
  });
  test('imports leave no compiled files behind', async () => {
    const code = 'import other, os\nprint(sorted(os.listdir(".")))';
    assert.equal((await run({ 'main.py': code, 'other.py': '' })).stdout, "['main.py', 'other.py']\n");
  });
  test('text is UTF-8 whatever the host speaks', async () => {
    assert.equal((await run({ '': 'print("é😀")' })).stdout, Buffer.from('é😀\n').toString('latin1'));
  });
});
