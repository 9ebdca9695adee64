import { join } from 'node:path';

/** A package as the configuration records it: what was added, and of which content. */
export interface Pinned {
  readonly version: string;
  /** Of all files of the tree that it was installed into with its dependencies: `sha512-…`. */
  readonly integrity: string;
}

/** Where the trees of added packages are kept, and what is not one of them yet. */
export function packagesFolder(dataDir: string): string {
  return join(dataDir, 'packages');
}

/**
 * The folder of an installed tree. It is named by its content too: a tree is never changed, so that a running host keeps
 * what it has loaded, and the same version built anew gets a place of its own.
 */
export function treeFolder(dataDir: string, id: string, { version, integrity }: Pinned): string {
  const content = Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex').slice(0, 16);
  return join(packagesFolder(dataDir), id.replace(':', '@'), `${version}-${content}`);
}

/** The folder of a package in the tree that was made for it. */
export function packageIn(tree: string, name: string): string {
  return join(tree, 'node_modules', name);
}
