import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, cp, mkdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { treeIntegrity } from '../../src/packages/integrity.ts';
import { linkSdk, sdkLink } from '../../src/packages/sdk-link.ts';
import { failure } from '../support/expect.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

async function sampleTree(folder: TemporaryFolder): Promise<string> {
  await folder.write('tree/node_modules/p/index.js', 'export default 1;');
  await folder.write('tree/node_modules/p/lib/deep/data.json', '{}');
  await folder.write('tree/node_modules/q/empty.js', '');
  await symlink('../p/index.js', join(folder.path, 'tree/node_modules/q/link.js'));
  return join(folder.path, 'tree');
}

test('the same files have the same integrity, wherever they are and whatever their modes', async () => {
  await using folder = await temporaryFolder();
  const tree = await sampleTree(folder);
  const integrity = await treeIntegrity(tree);
  assert.match(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/);
  const copy = join(folder.path, 'elsewhere/copy');
  await cp(tree, copy, { recursive: true, verbatimSymlinks: true });
  await chmod(join(copy, 'node_modules/p/index.js'), 0o755);
  assert.equal(await treeIntegrity(copy), integrity);
});

const changes: Record<string, (modules: string) => Promise<void>> = {
  'another content': (modules) => writeFile(join(modules, 'p/index.js'), 'export default 2;'),
  'more content': (modules) => writeFile(join(modules, 'p/index.js'), ' ', { flag: 'a' }),
  'another file': (modules) => writeFile(join(modules, 'p/more.js'), ''),
  'a hidden file': (modules) => writeFile(join(modules, '.hidden'), ''),
  'a file less': (modules) => rm(join(modules, 'q/empty.js')),
  'another name': (modules) => rename(join(modules, 'q/empty.js'), join(modules, 'q/void.js')),
  'another folder': (modules) => rename(join(modules, 'p/lib'), join(modules, 'p/src')),
  'another link': async (modules) => {
    await rm(join(modules, 'q/link.js'));
    await symlink('../p/lib/deep/data.json', join(modules, 'q/link.js'));
  },
  'a file in the place of a link': async (modules) => {
    await rm(join(modules, 'q/link.js'));
    await writeFile(join(modules, 'q/link.js'), '../p/index.js');
  },
  'content that moved from one file to the next': async (modules) => {
    await writeFile(join(modules, 'p/index.js'), 'export default');
    await writeFile(join(modules, 'p/lib/deep/data.json'), ' 1;{}');
  },
};
for (const [what, change] of Object.entries(changes))
  test(`${what} is another integrity`, async () => {
    await using folder = await temporaryFolder();
    const tree = await sampleTree(folder);
    const before = await treeIntegrity(tree);
    await change(join(tree, 'node_modules'));
    assert.notEqual(await treeIntegrity(tree), before);
  });

test('what leads out of a tree, and what is no file, is refused', async () => {
  await using folder = await temporaryFolder();
  const tree = await sampleTree(folder);
  const link = join(tree, 'node_modules/out');
  for (const target of ['/etc/passwd', '../../other', '..', '../..']) {
    await symlink(target, link);
    if (target === '..')
      assert.ok(
        await treeIntegrity(tree).then(
          () => false,
          () => true,
        ),
      );
    else await assert.rejects(treeIntegrity(tree), failure('package_refused', /leads out of the package/));
    await rm(link);
  }
  const server = createServer().listen(link);
  await once(server, 'listening');
  await assert.rejects(treeIntegrity(tree), failure('package_refused', /neither a file nor a folder/));
  server.close();
});

test("the host's SDK is seen from a tree, moves with the host, and does not count", async () => {
  await using folder = await temporaryFolder();
  const tree = await sampleTree(folder);
  const before = await treeIntegrity(tree);
  await linkSdk(tree);
  const target = await readlink(join(tree, sdkLink));
  assert.match(await readFile(join(tree, sdkLink, 'package.json'), 'utf8'), /@soulbox\/plugin-sdk/);
  await rm(join(tree, sdkLink));
  await symlink('/no/such/host/any/more', join(tree, sdkLink));
  assert.equal(await treeIntegrity(tree), before);
  await linkSdk(tree);
  await linkSdk(tree);
  assert.equal(await readlink(join(tree, sdkLink)), target);
  assert.equal(await treeIntegrity(tree), before);
});

test("what stands in the place of the host's SDK is not it", async () => {
  await using folder = await temporaryFolder();
  const tree = await sampleTree(folder);
  const before = await treeIntegrity(tree);
  await mkdir(join(tree, sdkLink), { recursive: true });
  await writeFile(join(tree, sdkLink, 'index.js'), 'stolen');
  assert.notEqual(await treeIntegrity(tree), before);
  await assert.rejects(linkSdk(tree), failure('plugin_integrity', /is not the link to the SDK/));
});
