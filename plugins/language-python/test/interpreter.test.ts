import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigSchema } from '../src/config.ts';
import { findInterpreters } from '../src/interpreter.ts';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-python-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

/** Answers as an interpreter would whose parts are given. */
function pretend(name: string, answer: object): string {
  const full = {
    version: '3.12.1',
    environment: null,
    library: [],
    packages: [],
    sharedLibraries: [],
    pip: null,
    ...answer,
  };
  return script(name, `case "$3" in *sys.executable*) echo '"'"$0"'"';; *) echo '${JSON.stringify(full)}';; esac`);
}

const find = (settings: object) =>
  findInterpreters(ConfigSchema.parse({ versions: [], ...settings })).then(([usual]) => usual);

describe('findInterpreters', () => {
  test('finds the interpreter behind a script', async () => {
    const direct = await find({});
    const found = await find({ command: script('shim', `exec ${direct.executable} "$@"`) });
    // Beside the program itself, the name under which it was found.
    assert.deepEqual({ ...found, paths: direct.paths }, direct);
    assert.deepEqual(
      found.paths.filter((path) => !direct.paths.includes(path)),
      [],
    );
    assert.ok(found.paths.some((path) => /^python3\.\d+$/.test(basename(path))));
  });
  test('lists shared libraries that boxes do not have anyway', async () => {
    const own = join(folder, 'libown.so.1');
    writeFileSync(own, '');
    const command = pretend('with-library', { sharedLibraries: [own, '/lib/x86_64-linux-gnu/libc.so.6'] });
    assert.deepEqual((await find({ command })).paths, [own, command]);
  });
  test('leaves third-party packages out when told to, also where they lie within the standard library', async () => {
    const library = join(folder, 'lib');
    const packages = join(library, 'site-packages');
    for (const path of [packages, join(library, 'json')]) mkdirSync(path, { recursive: true });
    const command = pretend('with-packages', { library: [library], packages: [packages] });
    assert.deepEqual((await find({ command, packages: false })).paths, [join(library, 'json'), command]);
    assert.deepEqual((await find({ command })).paths, [library, command]);
  });
  test('a virtual environment is run under its own name, with its packages and the base’s library', async (context) => {
    const base = (await find({})).executable;
    const environment = join(folder, 'venv');
    try {
      execFileSync(base, ['-m', 'venv', '--without-pip', environment], { stdio: 'ignore' });
    } catch {
      context.skip('this Python has no venv module');
      return;
    }
    const command = join(environment, 'bin', 'python');
    const { executable, paths } = await find({ command });
    assert.equal(executable, command);
    for (const path of [command, base, join(environment, 'pyvenv.cfg')]) assert.ok(paths.includes(path), path);
    assert.ok(paths.some((path) => path.startsWith(join(environment, 'lib'))));
    const isVirtual = 'import sys; print(sys.prefix != sys.base_prefix)';
    assert.equal(execFileSync(executable, ['-c', isVirtual], { env: {}, encoding: 'utf8' }), 'True\n');
  });
  test('passes over a first python3 in PATH that cannot be used', async () => {
    const { PATH } = process.env;
    const bad = join(folder, 'bad');
    mkdirSync(bad);
    symlinkSync(script('broken', 'exit 1'), join(bad, 'python3'));
    process.env['PATH'] = `${bad}:${PATH}`;
    try {
      assert.ok((await find({})).paths.length > 0);
    } finally {
      process.env['PATH'] = PATH;
    }
  });
  test('refuses one that is too old, broken, no Python, or not there', async () => {
    await assert.rejects(
      find({ command: pretend('old', { version: '3.8.20' }) }),
      /3\.8\.20 is too old; install Python 3\.9/,
    );
    await assert.rejects(find({ command: script('fails', 'exit 2') }), /could not be asked/);
    await assert.rejects(find({ command: script('null', 'echo null') }), /no Python interpreter was found/);
    await assert.rejects(find({ command: 'no-such-python-anywhere' }), /install Python 3\.9 or later/);
  });
});
