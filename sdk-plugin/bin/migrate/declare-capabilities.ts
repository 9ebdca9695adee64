import type { AnyRequirement, AnyToken, PluginDefinition } from '@soulbox/plugin-sdk';
import { defaultExport } from '../../conformance/plugin-module.ts';
import { UsageError } from '@soulbox/plugin-sdk';
import type { PluginFolder } from './folder.ts';
import type { Migration } from './migration.ts';
import { changeManifest, readPackageJson } from './package-json.ts';

const named = ({ id, version }: AnyToken) => `${id}@${version}`;
const wanted = (requirement: AnyRequirement) =>
  'token' in requirement ? `${named(requirement.token)}?` : named(requirement);

/** What the code says, and the manifest does not say yet. */
async function missing(folder: PluginFolder): Promise<{ provides?: string[]; requires?: string[] }> {
  const packageJson = readPackageJson(folder);
  const { provides = [], requires = {} } = await definitionOf(folder);
  const { soulbox } = packageJson;
  return {
    ...(soulbox.provides === undefined && provides.length > 0 ? { provides: provides.map(named) } : {}),
    ...(soulbox.requires === undefined && Object.keys(requires).length > 0
      ? { requires: Object.values(requires).map(wanted) }
      : {}),
  };
}

async function definitionOf(folder: PluginFolder): Promise<PluginDefinition> {
  try {
    return (await defaultExport({ folder: folder.path, packageJson: readPackageJson(folder) })).definition;
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    throw new UsageError(`the plugin cannot be loaded; build it first: ${(thrown as Error).message}`);
  }
}

/** Hosts tell from the manifest what a plugin is good for, before they run any of its code. */
export const declareCapabilities: Migration = {
  version: '1.0.0',
  description: 'say in package.json what the plugin provides and requires',
  applies: async (folder) => Object.keys(await missing(folder)).length > 0,
  apply: async (folder) => changeManifest(folder, await missing(folder)),
};
