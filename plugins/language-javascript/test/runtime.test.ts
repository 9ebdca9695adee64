import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { javascriptRuntime } from '../src/runtime.ts';

const runtime = javascriptRuntime(ConfigSchema.parse({}), () => undefined);

async function run(files: Record<string, string>, entry?: string) {
  const input = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  const plan = await runtime.plan({ entry, files: input, args: [] });
  assert.ok(plan.ok);
  const { stdout, stderr, exitCode } = await runPlanUnsandboxed(plan);
  return { stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString(), exitCode };
}

const printed = (stdout: string) => ({ stdout: `${stdout}\n`, stderr: '', exitCode: 0 });

describe('JavaScript programs', () => {
  test('code is a script or a module, as its syntax says, without a remark about it', async () => {
    assert.deepEqual(await run({ '': 'console.log(typeof require)' }), printed('function'));
    assert.deepEqual(
      await run({ '': "import fs from 'fs';\nconsole.log(typeof fs.readFileSync)" }),
      printed('function'),
    );
    assert.deepEqual(await run({ '': 'console.log(await 1)' }), printed('1'));
  });
  test('the user’s package.json is respected', async () => {
    const main =
      "import data from './data.json' with { type: 'json' };\nconsole.log(data.x, import.meta.dirname !== '')";
    assert.deepEqual(await run({ 'main.js': main, 'data.json': '{"x":1}', 'package.json': '{}' }), printed('1 true'));
    const script = await run({ 'main.js': "import './x.js'", 'x.js': '', 'package.json': '{"type":"commonjs"}' });
    assert.equal(script.exitCode, 1);
    assert.match(script.stderr, /main\.js:1[^]*SyntaxError/);
  });
  test('the entry is main before index, and .js before .mjs before .cjs', async () => {
    const say = (word: string) => `console.log('${word}')`;
    const files = { 'index.js': say('index'), 'main.cjs': say('cjs') };
    assert.deepEqual(await run(files), printed('cjs'));
    assert.deepEqual(await run({ ...files, 'main.mjs': say('mjs') }), printed('mjs'));
    assert.deepEqual(await run({ ...files, 'main.mjs': say('mjs') }, 'index.js'), printed('index'));
    assert.deepEqual(await run({ 'index.mjs': say('index'), 'a.js': '' }), printed('index'));
  });
  test('a file named like a command of Node’s own is a file', async () => {
    assert.deepEqual(await run({ inspect: "console.log('mine')" }, 'inspect'), printed('mine'));
  });
  test('a program’s own warnings still reach it', async () => {
    assert.match((await run({ '': "process.emitWarning('mine')" })).stderr, /Warning: mine/);
  });
});
