import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  ToolchainUnusable,
  belowEach,
  everyUsable,
  findNodes,
  languageImage,
  namedInPath,
  newestFirst,
  programsAmong,
} from '@soulbox/plugin-sdk/toolchain';

const folder = mkdtempSync(join(tmpdir(), 'soulbox-installed-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content = '#!/bin/sh\n'): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content, { mode: 0o755 });
  return path;
}

test('of what is named like a version, programs are told from scripts and from what is not there', () => {
  const script = write('bin/tool2.1');
  const link = join(folder, 'bin/tool2.2');
  symlinkSync(process.execPath, link);
  write('bin/other');
  const named = namedInPath(/^tool\d\.\d$/, `${join(folder, 'bin')}:relative:${join(folder, 'nowhere')}`);
  assert.deepEqual(named.toSorted(), [script, link]);
  assert.deepEqual(programsAmong([...named, link, join(folder, 'gone')]), [realpathSync(process.execPath)]);
});

test('what version managers keep is found below their folders', () => {
  write('versions/1.0/bin/tool');
  assert.deepEqual(belowEach(join(folder, 'versions'), 'bin/tool'), [join(folder, 'versions/1.0/bin/tool')]);
  assert.deepEqual(belowEach(join(folder, 'nowhere'), 'bin/tool'), []);
});

test('the usual version comes first, then the newest, each once', () => {
  const named = (version: string, path = '') => ({ version, path });
  const others = ['1.9.0', '1.10.0', '2.0.0', '1.8.0'].map((version) => named(version));
  const all = newestFirst(named('1.8.0', 'usual'), [...others, named('2.0.0', 'again')]);
  assert.deepEqual(
    all.map(({ version }) => version),
    ['1.8.0', '2.0.0', '1.10.0', '1.9.0'],
  );
  assert.deepEqual([all[0].path, all[1]?.path], ['usual', '']);
});

test('what cannot be used is passed over, and anything else that goes wrong is not', async () => {
  const inspect = async (candidate: string) => {
    if (candidate === 'old') throw new ToolchainUnusable('too old');
    if (candidate === 'bad') throw new TypeError('a mistake');
    return candidate;
  };
  assert.deepEqual(await everyUsable(['a', 'old', 'b'], inspect), ['a', 'b']);
  await assert.rejects(everyUsable(['a', 'bad'], inspect), /a mistake/);
});

test('several versions of Node.js are found, the usual one first', async () => {
  const [usual] = await findNodes({ versions: [] });
  assert.equal(usual.version, process.versions.node);
  const all = await findNodes({ command: usual.executable, versions: [join(folder, 'gone'), usual.executable] });
  assert.deepEqual(
    all.map(({ executable }) => executable),
    [usual.executable],
  );
  assert.equal((await findNodes({}))[0].version, usual.version);
});

test('an image is called after its plugin and version, or as the operator says', () => {
  const manifest = { version: '1.2.3', soulbox: { id: 'language-x' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const url = new URL(`file://${folder}/`);
  const image = join(fileURLToPath(url), 'image');
  assert.deepEqual(languageImage(url), { reference: 'soulbox/language-x:1.2.3', folder: image });
  assert.deepEqual(languageImage(url, 'mine:1'), { reference: 'mine:1', folder: image });
});
