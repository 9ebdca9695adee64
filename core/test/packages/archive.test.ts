import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readArchive } from '../../src/packages/archive.ts';
import { archiveBytes, type ArchiveEntry } from '../support/archive.ts';
import { failure } from '../support/expect.ts';
import { packedPlugin } from '../support/packed-plugin.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const packageJson: ArchiveEntry = { name: 'package/package.json', content: '{"name":"p"}' };

async function written(folder: TemporaryFolder, bytes: Uint8Array): Promise<string> {
  const file = join(folder.path, 'p.tgz');
  await writeFile(file, bytes);
  return file;
}

test('what npm packs is read without unpacking it', async () => {
  await using folder = await temporaryFolder();
  const deep = 'deep/'.repeat(40);
  await folder.write(`p/${deep}file.js`, '1');
  const archive = await readArchive(await packedPlugin(folder, 'p'));
  assert.equal((archive.packageJson as { version: string }).version, '1.2.3');
  assert.deepEqual(archive.files.toSorted(), [`${deep}file.js`, 'index.js', 'package.json']);
});

test('long names are read in every form that there is', async () => {
  await using folder = await temporaryFolder();
  const entries = [
    { name: 'long', type: 'L', content: 'package/by-gnu\0' },
    { name: 'cut', content: '1' },
    { name: 'pax', type: 'x', content: '23 path=package/by-pax\n' },
    { name: 'cut' },
    { name: 'attributes', type: 'x', content: '12 mtime=1.5\n' },
    { name: 'by-prefix', prefix: 'package', type: '\0' },
    { name: 'package/folder', type: '5' },
  ];
  const { files } = await readArchive(await written(folder, archiveBytes([packageJson, ...entries])));
  assert.deepEqual(files, ['package.json', 'by-gnu', 'by-pax', 'by-prefix']);
});

const outside: Record<string, readonly ArchiveEntry[]> = {
  'climbs out': [{ name: 'package/../../outside' }],
  'begins at the root': [{ name: '/tmp/outside' }],
  'climbs by a long name': [{ name: 'x', type: 'L', content: '../outside\0' }, { name: 'x' }],
  'climbs by an extended header': [{ name: 'x', type: 'x', content: '20 path=a/../../out\n' }, { name: 'x' }],
  'links out': [{ name: '../link', type: '2' }],
};
for (const [how, entries] of Object.entries(outside))
  test(`an archive that ${how} is refused`, async () => {
    await using folder = await temporaryFolder();
    const file = await written(folder, archiveBytes([packageJson, ...entries]));
    await assert.rejects(readArchive(file), failure('package_refused', /reaches outside itself/));
  });

test('an archive that is damaged or no package is refused', async () => {
  await using folder = await temporaryFolder();
  const good = archiveBytes([packageJson]);
  const flipped = Buffer.from(good);
  flipped[good.length - 12] = (good[good.length - 12] ?? 0) ^ 1;
  const damaged: readonly (readonly [Uint8Array, RegExp])[] = [
    [Buffer.from('no archive'), /cannot be read/],
    [good.subarray(0, good.length - 9), /cannot be read/],
    [flipped, /cannot be read/],
    [archiveBytes([{ ...packageJson, size: '77777777777\0' }]), /cut off or damaged/],
    [archiveBytes([{ ...packageJson, size: 'not a size\0' }]), /cut off or damaged/],
    [archiveBytes([]), /has no package\.json/],
    [archiveBytes([{ name: 'package/package.json', content: 'not JSON' }]), /is not JSON/],
  ];
  for (const [bytes, says] of damaged)
    await assert.rejects(readArchive(await written(folder, bytes)), failure('package_refused', says));
});
