import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { PrecompiledHeaders } from '../src/precompiled.ts';
import { cppRuntime } from '../src/runtime.ts';

const signal = new AbortController().signal;
const precompiled = new PrecompiledHeaders({ signal, onFailure: assert.fail });
const image = { reference: 'x', folder: '/x' };
const runtime = cppRuntime({ config: ConfigSchema.parse({}), image, onUnusable: () => undefined, precompiled });

async function run(files: Record<string, string>, entry?: string, version?: string) {
  const input = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  const plan = await runtime.plan({ entry, files: input, args: [], ...(version === undefined ? {} : { version }) });
  assert.ok(plan.ok);
  const { stdout, stderr, exitCode, signal } = await runPlanUnsandboxed(plan);
  return { stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString(), exitCode, signal };
}

const say = (word: string) => `#include <cstdio>\nint main() { std::puts("${word}"); }\n`;
const printed = (word: string) => ({ stdout: `${word}\n`, stderr: '', exitCode: 0, signal: null });

describe('C++ programs', () => {
  test('the entry’s program leaves out files in which another one begins', async () => {
    const files = { 'a.cpp': say('a'), 'b.cc': say('b'), 'sub/main.cpp': say('c'), 'data.txt': 'int main(' };
    assert.deepEqual(await run(files, 'b.cc'), printed('b'));
    assert.deepEqual(await run(files, 'sub/main.cpp'), printed('c'));
  });
  test('headers are found in the program’s folder, in include and beside the entry', async () => {
    const main =
      '#include <cstdio>\n#include <a.h>\n#include <b.h>\n#include <c.h>\nint main() { std::puts(A B C); }\n';
    const files = {
      'src/main.cpp': main,
      'a.h': '#define A "1"\n',
      'include/b.h': '#define B "2"\n',
      'src/c.h': '#define C "3"\n',
    };
    assert.deepEqual(await run(files, 'src/main.cpp'), printed('123'));
  });
  test('an uncaught exception and a bad access end it by a signal', async () => {
    const thrown = await run({ '': '#include <stdexcept>\nint main() { throw std::runtime_error("deliberate"); }\n' });
    assert.equal(thrown.signal, 'SIGABRT');
    assert.match(thrown.stderr, /deliberate/);
    const accessed = await run({ '': 'int main() { volatile int* p = nullptr; return *p; }\n' });
    assert.equal(accessed.signal, 'SIGSEGV');
  });
  test('threads work', async () => {
    const code = '#include <cstdio>\n#include <thread>\nint main() { std::thread([] { std::puts("t"); }).join(); }\n';
    assert.deepEqual(await run({ '': code }), printed('t'));
  });
  test('each version that is listed compiles', async () => {
    const { versions = [] } = await runtime.describe();
    assert.ok(versions.length > 0);
    for (const version of versions) {
      const code = '#include <cstdio>\nint main() { std::puts(__VERSION__); }\n';
      const { stdout, stderr } = await run({ '': code }, undefined, version);
      assert.ok(stdout.includes(version.replace('-clang', '')), `${version}: ${stdout}${stderr}`);
      assert.equal(/clang/i.test(stdout), version.endsWith('-clang'));
    }
    await assert.rejects(run({ '': say('x') }, undefined, '1'), { code: 'language_unknown' });
  });
  test('in an image its own compiler is used', async () => {
    const plan = await runtime.plan({
      entry: undefined,
      files: [{ path: '', content: Buffer.from(say('x')) }],
      args: ['a'],
      toolchain: 'image',
    });
    assert.ok(plan.ok);
    assert.deepEqual(
      plan.stages.map(({ name, compiles }) => ({ name, compiles })),
      [
        { name: 'compile', compiles: true },
        { name: 'run', compiles: undefined },
      ],
    );
    assert.ok(plan.stages[0]?.argv.includes('/usr/bin/g++'));
    assert.deepEqual(plan.stages[1]?.argv.slice(1), ['./.program', 'a']);
    assert.deepEqual((await runtime.describe()).image, image);
  });
  test('there are no dependencies', () => assert.equal(runtime.dependencies, undefined));
});
