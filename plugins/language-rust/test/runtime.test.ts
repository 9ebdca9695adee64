import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { rustRuntime } from '../src/runtime.ts';

const image = { reference: 'x', folder: '/x' };
const runtime = rustRuntime({ config: ConfigSchema.parse({}), image, onUnusable: () => undefined });

async function run(files: Record<string, string>, entry?: string, version?: string) {
  const input = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  const plan = await runtime.plan({ entry, files: input, args: [], ...(version === undefined ? {} : { version }) });
  assert.ok(plan.ok);
  const { stdout, stderr, exitCode } = await runPlanUnsandboxed(plan);
  return { stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString(), exitCode };
}

const printed = (word: string) => ({ stdout: `${word}\n`, stderr: '', exitCode: 0 });
const say = (word: string) => `fn main() { println!("${word}"); }\n`;
const manifest = (name: string) => `[package]\nname = "${name}"\nversion = "0.1.0"\nedition = "2021"\n`;

describe('Rust programs', () => {
  test('warnings do not appear, errors do', async () => {
    assert.deepEqual(await run({ '': 'fn main() { let unused = 1; println!("x"); }' }), printed('x'));
    const failed = await run({ '': 'fn main() { let a = [1]; println!("{}", a[7]); }' });
    assert.equal(failed.exitCode, 1);
    assert.match(failed.stderr, /error: this operation will panic at runtime[^]*main\.rs:1:41/);
  });
  test('a panic ends it with exit code 101, also that of an overflow', async () => {
    const code = 'fn main() { let n: u8 = std::env::args().count() as u8 + 254; println!("{}", n + 1); }';
    const { exitCode, stderr } = await run({ '': code });
    assert.equal(exitCode, 101);
    assert.match(stderr, /panicked at .*main\.rs:1:\d+:\n?.*overflow/);
  });
  test('a package is built by Cargo, with its modules and its library', async () => {
    const files = {
      'Cargo.toml': manifest('hello-x'),
      'src/main.rs': 'mod part;\nfn main() { println!("{}{}", part::A, hello_x::B); }\n',
      'src/part.rs': 'pub const A: &str = "a";\n',
      'src/lib.rs': 'pub const B: &str = "b";\n',
    };
    assert.deepEqual(await run(files), printed('ab'));
  });
  test('of several programs in a package, or packages in a workspace, the entry is run', async () => {
    const files = {
      'Cargo.toml': '[workspace]\nmembers = ["one", "two"]\nresolver = "2"\n',
      'one/Cargo.toml': manifest('one'),
      'one/src/main.rs': say('one'),
      'one/src/bin/more.rs': say('more'),
      'two/Cargo.toml': `${manifest('two')}\n[dependencies]\nlib = { path = "../lib" }\n`,
      'two/src/main.rs': 'fn main() { println!("{}", lib::WORD); }\n',
      'lib/Cargo.toml': manifest('lib'),
      'lib/src/lib.rs': 'pub const WORD: &str = "lib";\n',
    };
    assert.deepEqual(await run(files, 'one/src/main.rs'), printed('one'));
    assert.deepEqual(await run(files, 'one/src/bin/more.rs'), printed('more'));
    assert.deepEqual(await run(files, 'two/src/main.rs'), printed('lib'));
  });
  test('errors in a package are named with their place', async () => {
    const { stdout, stderr, exitCode } = await run({
      'Cargo.toml': manifest('x'),
      'src/main.rs': '\nfn main() { x }\n',
    });
    assert.notEqual(exitCode, 0);
    assert.equal(stdout, '');
    const found = await runtime.diagnose?.('compile', stderr);
    assert.deepEqual(
      found?.map(({ file, line, column }) => ({ file, line, column })),
      [{ file: 'src/main.rs', line: 2, column: 13 }],
    );
  });
  test('each version that is listed compiles', async () => {
    const { versions = [] } = await runtime.describe();
    assert.ok(versions.length > 0);
    for (const version of versions) assert.deepEqual(await run({ '': say('x') }, undefined, version), printed('x'));
    await assert.rejects(run({ '': say('x') }, undefined, '0.9'), { code: 'language_unknown' });
  });
  test('in an image its own toolchain is used', async () => {
    const content = Buffer.from(say('x'));
    const plan = await runtime.plan({
      entry: undefined,
      files: [{ path: '', content }],
      args: ['a'],
      toolchain: 'image',
    });
    assert.ok(plan.ok);
    assert.ok(plan.stages[0]?.argv.includes('/usr/bin/rustc'));
    assert.equal(plan.stages[0]?.compiles, true);
    assert.deepEqual(plan.stages[1]?.argv.slice(1), ['./.program', 'a']);
  });
});
