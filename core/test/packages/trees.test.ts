import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { treeIntegrity } from '../../src/packages/integrity.ts';
import { packagesFolder, treeFolder } from '../../src/packages/places.ts';
import type { StagedPackage } from '../../src/packages/stage.ts';
import { keepTree, leaveTree, removeTree, sweepPackages } from '../../src/packages/trees.ts';
import { parseManifest } from '../../src/plugins/manifest.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const manifest = parseManifest({ name: 'p', version: '1.0.0', engines: { soulbox: '^1.0.0' }, soulbox: { id: 'p' } });
let count = 0;

async function staged(folder: TemporaryFolder, content = 'x'): Promise<StagedPackage> {
  const name = `packages/.staging-${(count += 1)}`;
  const file = await folder.write(`${name}/tree/node_modules/p/index.js`, content);
  const tree = dirname(dirname(dirname(file)));
  const integrity = await treeIntegrity(tree);
  const dispose = () => rm(dirname(tree), { recursive: true, force: true });
  return { folder: dirname(tree), tree, manifest, integrity, leftOut: [], [Symbol.asyncDispose]: dispose };
}

function pinned({ integrity }: StagedPackage) {
  return { version: '1.0.0', integrity };
}

function configText(entry: object): string {
  return JSON.stringify({ plugins: { p: { package: 'p', ...entry } } });
}

const longAgo = new Date(Date.now() - 2 * 3_600_000);

/** What lies in the folder of packages, trees and staging folders alike. */
async function trees(folder: TemporaryFolder): Promise<string[]> {
  const all = await readdir(packagesFolder(folder.path), { recursive: true, withFileTypes: true });
  const shown = all.map((entry) => join(entry.parentPath, entry.name).slice(packagesFolder(folder.path).length + 1));
  return shown.filter((path) => /^(\.staging-[^/]*|p\/[^/]*)$/.test(path) && !path.endsWith('.claims')).toSorted();
}

test('a tree that was kept is the one that was staged, and is kept once', async () => {
  await using folder = await temporaryFolder();
  const config = await folder.write('soulbox.yaml', '');
  const first = await staged(folder);
  await keepTree(folder.path, 'p', first, config);
  const again = await staged(folder);
  await keepTree(folder.path, 'p', again, config);
  await again[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  const tree = treeFolder(folder.path, 'p', pinned(first));
  assert.equal(await treeIntegrity(tree), first.integrity);
  assert.deepEqual(await trees(folder), [`p/${basename(tree)}`]);
});

test('a tree that was tampered with makes way for the right one', async () => {
  await using folder = await temporaryFolder();
  const config = await folder.write('soulbox.yaml', '');
  const first = await staged(folder);
  await keepTree(folder.path, 'p', first, config);
  const tree = treeFolder(folder.path, 'p', pinned(first));
  await writeFile(join(tree, 'node_modules/p/index.js'), 'tampered');
  await using right = await staged(folder);
  await keepTree(folder.path, 'p', right, config);
  assert.equal(await treeIntegrity(tree), right.integrity);
  assert.equal(await readFile(join(tree, 'node_modules/p/index.js'), 'utf8'), 'x');
});

test('what an interrupted command left is swept away, but not while it may still be at work', async () => {
  await using folder = await temporaryFolder();
  const half = await staged(folder);
  await sweepPackages(folder.path);
  assert.deepEqual(await trees(folder), [basename(half.folder)]);
  await utimes(half.folder, longAgo, longAgo);
  await sweepPackages(folder.path);
  assert.deepEqual(await trees(folder), []);
});

test('a tree is swept away when no file names it any more that it was added for, after a while', async () => {
  await using folder = await temporaryFolder();
  const config = await folder.write('soulbox.yaml', '');
  const other = join(folder.path, 'other.yaml');
  const one = await staged(folder);
  await keepTree(folder.path, 'p', one, config);
  await keepTree(folder.path, 'p', await staged(folder), other);
  const tree = treeFolder(folder.path, 'p', pinned(one));
  const sweep = async (text: string, otherText: string | undefined, old: boolean) => {
    await writeFile(config, text);
    await rm(other, { force: true });
    if (otherText !== undefined) await writeFile(other, otherText);
    if (old) await utimes(tree, longAgo, longAgo);
    else await leaveTree(folder.path, 'p', pinned(one));
    await sweepPackages(folder.path);
    return (await trees(folder)).includes(`p/${basename(tree)}`);
  };
  assert.equal(await sweep(configText(pinned(one)), undefined, true), true, 'named by one');
  assert.equal(await sweep('', configText(pinned(one)), true), true, 'named by the other');
  assert.equal(await sweep('plugins: [', undefined, true), true, 'it cannot be told');
  assert.equal(await sweep('', 'plugins: { p: false }', false), true, 'left just now');
  assert.equal(await sweep('plugins: { p: { package: x } }', undefined, true), false, 'named by none');
  assert.deepEqual(await readdir(join(packagesFolder(folder.path), 'p')), []);
  // Gone already.
  await leaveTree(folder.path, 'p', pinned(one));
  await sweepPackages(join(folder.path, 'nowhere'));
});

test('a tree is taken away at once when asked, unless another file names it', async () => {
  await using folder = await temporaryFolder();
  const one = await staged(folder);
  const config = await folder.write('soulbox.yaml', '');
  const other = await folder.write('other.yaml', configText(pinned(one)));
  await keepTree(folder.path, 'p', one, config);
  await keepTree(folder.path, 'p', await staged(folder), other);
  const tree = treeFolder(folder.path, 'p', pinned(one));
  await removeTree(folder.path, 'p', pinned(one));
  assert.equal(await treeIntegrity(tree), one.integrity);
  await writeFile(other, '');
  await removeTree(folder.path, 'p', pinned(one));
  await assert.rejects(treeIntegrity(tree), { code: 'ENOENT' });
  await removeTree(folder.path, 'p', pinned(one));
});

test('a draft of a link that an interrupted host left is swept away', async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(packagesFolder(folder.path), 'p'), { recursive: true });
  await symlink('/', join(packagesFolder(folder.path), 'p/1.0.0-0.draft'));
  await appendFile(join(packagesFolder(folder.path), 'p/1.0.0-0.claims'), '');
  await sweepPackages(folder.path, Date.now() + 2 * 3_600_000);
  assert.deepEqual(await trees(folder), []);
});

test('a file that stands where a tree should be cannot be put away by mistake', async () => {
  await using folder = await temporaryFolder();
  const config = await folder.write('soulbox.yaml', '');
  await folder.write('packages/p', 'no folder');
  await assert.rejects(keepTree(folder.path, 'p', await staged(folder), config), { code: 'EEXIST' });
  await assert.rejects(leaveTree(folder.path, 'p', { version: '1.0.0', integrity: 'sha512-' }), { code: 'ENOTDIR' });
});
