import { createHash, type Hash } from 'node:crypto';
import { createReadStream, type Dirent } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { sdkLink } from './sdk-link.ts';

function pathOf(tree: string, entry: Dirent): string {
  return relative(tree, join(entry.parentPath, entry.name));
}

/** Names and lengths are hashed with what they name, so that no two trees read the same. */
async function addFile(hash: Hash, tree: string, path: string): Promise<void> {
  const { size } = await lstat(join(tree, path));
  hash.update(`file\0${path}\0${size}\0`);
  for await (const chunk of createReadStream(join(tree, path))) hash.update(chunk as Buffer);
}

async function addLink(hash: Hash, tree: string, path: string): Promise<void> {
  const target = await readlink(join(tree, path));
  // What lies outside could change without notice.
  if (!resolve(dirname(join(tree, path)), target).startsWith(tree + sep))
    throw new SoulboxError('package_refused', `${path} is a link that leads out of the package`);
  hash.update(`link\0${path}\0${target}\0`);
}

/**
 * The integrity of all files of an installed tree, `sha512-…`. Links count by where they lead; the link to the host's
 * own SDK, which moves with the host, does not count.
 * @throws package_refused for what is neither a file, a folder nor a link within the tree; what the file system throws.
 */
export async function treeIntegrity(tree: string): Promise<string> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  const members = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => ({ entry, path: pathOf(tree, entry) }))
    .filter(({ entry, path }) => !(path === sdkLink && entry.isSymbolicLink()))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const hash = createHash('sha512');
  for (const { entry, path } of members) {
    if (entry.isFile()) await addFile(hash, tree, path);
    else if (entry.isSymbolicLink()) await addLink(hash, tree, path);
    else throw new SoulboxError('package_refused', `${path} is neither a file nor a folder`);
  }
  return `sha512-${hash.digest('base64')}`;
}
