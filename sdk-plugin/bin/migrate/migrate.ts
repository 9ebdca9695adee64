import { atLeast } from '../../src/toolchain/probe.ts';
import { UsageError } from '@soulbox/plugin-sdk';
import type { PluginFolder } from './folder.ts';
import type { Migration } from './migration.ts';
import { readPackageJson } from './package-json.ts';

const sdk = '@soulbox/plugin-sdk';

/** The lowest version that a range names, as `1.2.0` for `^1.2`. */
function lowest(range: string): string | undefined {
  return /\d+(\.\d+){0,2}/.exec(range)?.[0];
}

/**
 * Makes all migrations that apply, in the order of their versions, in memory. Returns those that did.
 * @throws UsageError for a plugin that is made for a later SDK than this
 */
export async function migrate(
  folder: PluginFolder,
  migrations: readonly Migration[],
  sdkVersion: string,
): Promise<readonly Migration[]> {
  const range = readPackageJson(folder).peerDependencies[sdk];
  const madeFor = lowest(range ?? '');
  if (madeFor === undefined) throw new UsageError(`package.json names no version of ${sdk} as a peer dependency`);
  if (!atLeast(sdkVersion, madeFor))
    throw new UsageError(`the plugin is made for ${sdk} ${range}, but this is ${sdkVersion}: install a later one`);
  const ordered = migrations.toSorted(
    (a, b) => Number(atLeast(a.version, b.version)) - Number(atLeast(b.version, a.version)),
  );
  const done: Migration[] = [];
  for (const migration of ordered) {
    if (!atLeast(sdkVersion, migration.version) || !(await migration.applies(folder))) continue;
    await migration.apply(folder);
    done.push(migration);
  }
  return done;
}
