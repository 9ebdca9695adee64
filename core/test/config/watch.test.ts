import assert from 'node:assert/strict';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { watchFiles } from '../../src/config/watch.ts';
import { until } from '../support/isolated-plugin.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('a write, and a new file in the place of the old one, are told once each; other files are not', async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write('own/soulbox.yaml', 'a');
  let told = 0;
  const watched = watchFiles([file], () => (told += 1));
  await writeFile(file, 'b');
  await writeFile(file, 'c');
  await until(() => told === 1, 'the write is told');
  await writeFile(`${file}.new`, 'd');
  await rename(`${file}.new`, file);
  await until(() => told === 2, 'the rename is told');
  await writeFile(`${file}.other`, 'e');
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.equal(told, 2);
  await rm(join(folder.path, 'own'), { recursive: true });
  await mkdir(join(folder.path, 'own'));
  watched[Symbol.dispose]();
  await writeFile(file, 'f');
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.ok(told <= 3, 'nothing is told when it is watched no more');
});
