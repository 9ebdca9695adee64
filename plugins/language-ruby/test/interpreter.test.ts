import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigSchema } from '../src/config.ts';
import { findInterpreters } from '../src/interpreter.ts';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-ruby-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

/** Answers as an interpreter would whose parts are given. */
function pretend(name: string, answer: object): string {
  const executable = join(folder, name);
  const full = { executable, version: '3.3.1', library: [], gems: [], shared: [], ...answer };
  return script(name, `echo '${JSON.stringify(full)}'`);
}

const find = (settings: object) => findInterpreters(ConfigSchema.parse({ versions: [], ...settings }));

describe('findInterpreters', () => {
  test('finds the interpreter behind a script', async () => {
    const [direct] = await find({});
    const [found] = await find({ command: script('shim', `exec ${direct.executable} "$@"`) });
    assert.deepEqual(found, direct);
    assert.ok(found.gems.length > 0);
  });
  test('lists what exists and boxes do not have anyway', async () => {
    const own = join(folder, 'libown.so.1');
    writeFileSync(own, '');
    const command = pretend('with-library', {
      shared: [own, '/lib/x86_64-linux-gnu/libc.so.6'],
      library: ['/nowhere'],
    });
    assert.deepEqual((await find({ command }))[0].paths, [own, command]);
  });
  test('finds other versions where they are looked for, unless told where', async () => {
    const { PATH } = process.env;
    const [usual] = await find({});
    process.env['PATH'] = `${folder}:${PATH}`;
    try {
      const all = await findInterpreters(ConfigSchema.parse({ command: usual.executable }));
      assert.equal(all[0].executable, usual.executable);
    } finally {
      process.env['PATH'] = PATH;
    }
    const again = await find({ versions: [usual.executable, '/nowhere/ruby'] });
    assert.equal(again.length, 1);
  });
  test('refuses one that is too old, broken, or not there', async () => {
    await assert.rejects(
      find({ command: pretend('old', { version: '2.7.8' }) }),
      /2\.7\.8 is too old; install Ruby 3\.0/,
    );
    await assert.rejects(find({ command: script('fails', 'exit 2') }), /could not be asked/);
    await assert.rejects(find({ command: 'no-such-ruby-anywhere' }), /no Ruby was found; install Ruby 3\.0/);
  });
});
