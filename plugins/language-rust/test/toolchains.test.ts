import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigSchema } from '../src/config.ts';
import { rustRuntime } from '../src/runtime.ts';
import { withCargo } from '../src/stages.ts';
import { findToolchains, imageToolchain } from '../src/toolchains.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'soulbox-rust-')));
after(() => rmSync(folder, { recursive: true, force: true }));

const target = 'x86_64-unknown-linux-gnu';
const find = (config: object) => findToolchains(ConfigSchema.parse(config));

function script(path: string, body: string): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

/** A toolchain as rustup lays it out, that answers as the real one of a version would. */
function pretend(name: string, release: string, cargo = true): string {
  const root = join(folder, 'toolchains', name);
  const answer = `rustc ${release}\nhost: ${target}\nrelease: ${release}`;
  mkdirSync(join(root, 'lib/rustlib', target), { recursive: true });
  if (cargo) script(join(root, 'bin/cargo'), ':');
  return script(join(root, 'bin/rustc'), `case "$1" in --print) echo '${root}';; *) echo '${answer}';; esac`);
}

describe('the toolchains of a host', () => {
  test('the one that rustup’s proxy chooses comes first, without the proxy', async () => {
    const real = pretend('stable', '1.90.0');
    const proxy = script(join(folder, 'bin/rustc'), `exec '${real}' "$@"`);
    const [{ rustc, cargo, version, paths }, ...others] = await find({ command: proxy });
    assert.deepEqual({ rustc, cargo, version }, { rustc: real, cargo: join(real, '../cargo'), version: '1.90.0' });
    assert.ok(paths.includes(join(folder, 'toolchains/stable/lib/rustlib', target)));
    assert.ok(!paths.includes(proxy));
    assert.deepEqual(others, [], 'one that is configured is the only one');
  });
  test('without a command, those beside the usual one are listed too, each once', async () => {
    const path = process.env['PATH'];
    const stable = pretend('stable', '1.90.0');
    symlinkSync(join(folder, 'toolchains/stable'), join(folder, 'toolchains/1.90.0'));
    script(join(folder, 'toolchains/broken/bin/rustc'), 'exit 1');
    process.env['PATH'] = `${join(stable, '..')}:${path}`;
    try {
      assert.equal((await find({}))[0].version, '1.90.0');
    } finally {
      process.env['PATH'] = path;
    }
  });
  test('one that is too old, broken, absent or cannot link is not used, and the advice names no path', async () => {
    const cases: [string, RegExp][] = [
      [pretend('old', '1.20.0'), /Rust 1\.20\.0 is too old; install 1\.63/],
      [script(join(folder, 'broken'), 'exit 3'), /could not be asked about itself/],
      ['/does/not/exist', /no Rust compiler was found; install Rust/],
    ];
    for (const [command, message] of cases)
      await assert.rejects(find({ command }), (thrown: Error) => {
        assert.match(thrown.message, message);
        assert.ok(!thrown.message.includes(folder));
        return true;
      });
    const odd = script(join(folder, 'odd'), `case "$1" in --print) echo '${folder}';; esac`);
    script(join(folder, 'bin/rustc'), 'echo nothing');
    await assert.rejects(find({ command: odd }), /no Rust compiler/);
  });
  test('without Cargo single files work, and packages are refused with advice', async () => {
    const path = process.env['PATH'];
    const command = pretend('bare', '1.80.0', false);
    // Of the programs in PATH only those that link are there.
    const tools = join(folder, 'tools');
    mkdirSync(tools);
    for (const name of ['cc', 'ld', 'ldd', 'sh']) symlinkSync(`/usr/bin/${name}`, join(tools, name));
    symlinkSync(script(join(folder, 'rustup'), ':'), join(tools, 'cargo'));
    process.env['PATH'] = tools;
    try {
      const [toolchain] = await find({ command });
      assert.equal(toolchain.cargo, undefined);
      assert.throws(() => withCargo(toolchain), { code: 'language_unavailable', message: /apt install cargo/ });
    } finally {
      process.env['PATH'] = path;
    }
  });
  test('an image is of the machine’s own kind', () => {
    assert.equal(imageToolchain('x64').target, target);
    assert.equal(imageToolchain('arm64').target, 'aarch64-unknown-linux-gnu');
  });
  test('what lies in a folder that boxes have anew makes the language unavailable', async () => {
    const details: string[] = [];
    const config = ConfigSchema.parse({ command: pretend('hidden', '1.90.0') });
    const image = { reference: 'x', folder: '/x' };
    const runtime = rustRuntime({ config, image, onUnusable: (detail) => details.push(detail) });
    assert.equal((await runtime.describe()).available, false);
    assert.match(details[0] ?? '', /toolchains/);
  });
});
