import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

/** Searches in a process of its own, whose working directory and user's folder are the given ones. */
async function find({ path }: TemporaryFolder, cwd = path, xdg?: string): Promise<string> {
  const script = `import { findConfigFile } from ${JSON.stringify(new URL('../../src/config/find.js', import.meta.url).href)};
console.log(await findConfigFile(process.cwd()));`;
  const { PATH, NODE_V8_COVERAGE } = process.env;
  const env = {
    PATH,
    HOME: join(path, 'home'),
    ...(NODE_V8_COVERAGE === undefined ? {} : { NODE_V8_COVERAGE }),
    ...(xdg === undefined ? {} : { XDG_CONFIG_HOME: xdg }),
  };
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  assert.equal(code, 0, err);
  return out.trim().replaceAll(path, '');
}

test('the working directory is searched first, then the folder of the user', async () => {
  await using folder = await temporaryFolder();
  await folder.write('cwd/unrelated.txt', 'x');
  const cwd = join(folder.path, 'cwd');
  assert.equal(await find(folder, cwd), 'undefined');
  await folder.write('home/.config/soulbox/soulbox.yaml', 'host: {}');
  assert.equal(await find(folder, cwd), '/home/.config/soulbox/soulbox.yaml');
  await folder.write('xdg/soulbox/.soulboxrc', 'host: {}');
  assert.equal(await find(folder, cwd, join(folder.path, 'xdg')), '/xdg/soulbox/.soulboxrc');
  await folder.write('cwd/.soulboxrc.json', '{}');
  assert.equal(await find(folder, cwd), '/cwd/.soulboxrc.json');
  await folder.write('cwd/soulbox.yml', 'host: {}');
  assert.equal(await find(folder, cwd), '/cwd/soulbox.yml');
});

test('parents of the working directory are not searched', async () => {
  await using folder = await temporaryFolder();
  await folder.write('soulbox.yaml', 'host: {}');
  await folder.write('a/b/file.txt', 'x');
  assert.equal(await find(folder, join(folder.path, 'a/b')), 'undefined');
});

test('an empty file, a folder and an unreadable file are passed over', async () => {
  await using folder = await temporaryFolder();
  await folder.write('soulbox.yaml', '\n');
  await folder.write('soulbox.yml/in-a-folder', 'x');
  await folder.write('soulbox.json', '{}');
  assert.equal(await find(folder), '/soulbox.json');
  if (process.getuid?.() === 0) return;
  await chmod(join(folder.path, 'soulbox.json'), 0);
  assert.equal(await find(folder), 'undefined');
});

test('no file is executed, by whatever name or place', async () => {
  await using folder = await temporaryFolder();
  const code = 'console.log("EXECUTED"); module.exports = { searchPlaces: ["evil.js"] };';
  const names = ['.soulboxrc.js', '.soulboxrc.cjs', 'soulbox.config.js', 'soulbox.config.cjs', 'evil.js'];
  for (const name of [...names, '.config/config.js', '.config/config.cjs', '.config/soulboxrc.js', 'soulbox.js'])
    await folder.write(name, code);
  await folder.write('.soulboxrc.mjs', 'console.log("EXECUTED");');
  await folder.write('.soulboxrc.ts', 'console.log("EXECUTED");');
  await folder.write('package.json', { cosmiconfig: { searchPlaces: ['evil.js'] }, soulbox: { host: {} } });
  assert.equal(await find(folder), 'undefined');
});

test('a file is not made to take in others', async () => {
  await using folder = await temporaryFolder();
  await folder.write('evil.js', 'console.log("EXECUTED"); module.exports = {};');
  await folder.write('soulbox.yaml', '$import: ./evil.js\n');
  assert.equal(await find(folder), '/soulbox.yaml');
});
