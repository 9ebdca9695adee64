import { existsSync } from 'node:fs';
import { SoulboxError } from '@soulbox/plugin-sdk';
import type { LoadedConfig } from '../config/load.ts';
import type { PluginEntry } from '../config/schema.ts';
import { dataDirPath } from '../data-dir.ts';
import { resolvePackage, type ResolvedPackage } from '../plugins/resolve.ts';
import { treeIntegrity } from './integrity.ts';
import { packageIn, treeFolder, type Pinned } from './places.ts';
import { linkSdk } from './sdk-link.ts';
import { isPackageName } from './spec.ts';

/** What the command line recorded of a package that it added; `undefined` for one that is used as it lies there. */
export function pinnedOf({ version, integrity }: PluginEntry): Pinned | undefined {
  return version === undefined || integrity === undefined ? undefined : { version, integrity };
}

function notThere(entry: PluginEntry, { version }: Pinned): SoulboxError {
  return new SoulboxError(
    'plugin_not_found',
    `package ${entry.package} ${version} is not in the data folder; add the plugin again`,
  );
}

function treeOf(id: string, entry: PluginEntry, loaded: LoadedConfig, pinned: Pinned): string {
  const tree = treeFolder(dataDirPath(loaded.config.host.dataDir), id, pinned);
  if (!isPackageName(entry.package) || !existsSync(packageIn(tree, entry.package))) throw notThere(entry, pinned);
  return tree;
}

/**
 * Finds the package of a configured plugin and reads its manifest.
 * @throws plugin_not_found, plugin_manifest_invalid, plugin_engine_mismatch
 */
export async function locatePackage(id: string, entry: PluginEntry, loaded: LoadedConfig): Promise<ResolvedPackage> {
  const pinned = pinnedOf(entry);
  if (!pinned) return resolvePackage(entry.package, loaded.folders);
  return resolvePackage(packageIn(treeOf(id, entry, loaded, pinned), entry.package), []);
}

/**
 * As {@link locatePackage}, when the files of one that was added have been found to be those that were added. Before any
 * of its code runs.
 * @throws plugin_integrity
 */
export async function verifiedPackage(id: string, entry: PluginEntry, loaded: LoadedConfig): Promise<ResolvedPackage> {
  const pinned = pinnedOf(entry);
  if (pinned) {
    const tree = treeOf(id, entry, loaded, pinned);
    await linkSdk(tree);
    const actual = await treeIntegrity(tree).catch((error: unknown) => String(error));
    if (actual !== pinned.integrity) {
      const message = `the files of ${entry.package} ${pinned.version} are not those that were added as plugin ${id}`;
      throw new SoulboxError('plugin_integrity', message, { details: { plugin: id }, cause: actual });
    }
  }
  return locatePackage(id, entry, loaded);
}
