import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigSchema } from '../src/config.ts';
import { findInterpreters } from '../src/interpreter.ts';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-php-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

/** Answers as an interpreter would, with more extensions where it reads its settings. */
function pretend(name: string, answer: object): string {
  const extensions = ['core', 'own', 'gone'];
  const full = { executable: join(folder, name), version: '8.3.1', folder: join(folder, 'ext'), extensions, ...answer };
  const bare = JSON.stringify({ ...full, extensions: ['core'] });
  return script(name, `case "$1" in -n) echo '${bare}';; *) echo '${JSON.stringify(full)}';; esac`);
}

const find = (settings: object) => findInterpreters(ConfigSchema.parse({ versions: [], ...settings }));

async function withPath<T>(path: string, run: () => Promise<T>): Promise<T> {
  const { PATH } = process.env;
  process.env['PATH'] = path;
  try {
    return await run();
  } finally {
    process.env['PATH'] = PATH;
  }
}

describe('findInterpreters', () => {
  test('finds the interpreter, by its own name or behind a script', async () => {
    const [direct] = await find({});
    const [found] = await find({ command: script('shim', `exec ${direct.executable} "$@"`) });
    assert.deepEqual(found, direct);
    const all = await findInterpreters(ConfigSchema.parse({}));
    assert.equal(all[0].executable, direct.executable);
  });
  test('takes the extensions that the settings load and that are there', async () => {
    mkdirSync(join(folder, 'ext'));
    for (const name of ['core', 'own']) writeFileSync(join(folder, 'ext', `${name}.so`), '');
    const [found] = await find({ command: pretend('extended', {}) });
    assert.deepEqual(found.extensions, ['own']);
    assert.deepEqual(found.paths, [join(folder, 'ext'), join(folder, 'extended')]);
  });
  test('finds Composer, whole or in parts, or misses it', async () => {
    const command = pretend('php-x', {});
    const composer = script('composer', 'exit 0');
    const [found] = await withPath(`${folder}:/usr/bin:/bin`, () => find({ command }));
    assert.equal(found.composer?.script, composer);
    assert.equal(found.composer.paths[0], composer);
    const [without] = await withPath('/nowhere', () => find({ command }));
    assert.equal(without.composer, undefined);
  });
  test('refuses one that is too old, broken, or not there', async () => {
    await assert.rejects(
      find({ command: pretend('old', { version: '7.4.3' }) }),
      /7\.4\.3 is too old; install PHP 8\.1/,
    );
    await assert.rejects(find({ command: script('fails', 'exit 2') }), /could not be asked/);
    await assert.rejects(find({ command: 'no-such-php-anywhere' }), /no PHP was found; install PHP 8\.1/);
  });
});
