import type { Plugin } from '@soulbox/plugin-sdk';
import type { LoadedConfig } from '../config/load.ts';
import { assertPlugin } from './definition.ts';
import { parseManifest, type Manifest } from './manifest.ts';
import { importPlugin, resolvePackage } from './resolve.ts';

/** Where a plugin comes from: found and checked first, imported after. */
export interface PluginSource {
  readonly id: string;
  readonly packageName: string;
  readonly where: string;
  readonly required: boolean;
  readonly rawConfig: Readonly<Record<string, unknown>>;
  /** `file:line` of a setting, by its path in the whole configuration. */
  readonly locate: (path: readonly string[]) => string;
  load(): Promise<{ manifest: Manifest; plugin: () => Promise<Plugin> }>;
}

/** The plugins that the configuration names. */
export function configuredPlugins(loaded: LoadedConfig): PluginSource[] {
  return Object.entries(loaded.config.plugins).flatMap(([id, entry]) => {
    if (entry === false) return [];
    const load = async () => {
      const found = await resolvePackage(entry.package, loaded.folders);
      return { manifest: found.manifest, plugin: () => importPlugin(found) };
    };
    return [
      {
        id,
        packageName: entry.package,
        where: loaded.where(['plugins', id]),
        required: entry.required,
        rawConfig: entry.config,
        locate: (path) => loaded.where(path),
        load,
      },
    ];
  });
}

/** A plugin that is in memory already: for tests and for programs that embed a host. */
export interface InlinePlugin {
  readonly plugin: Plugin;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly required?: boolean;
  /** The package.json that it would have; by default one that fits this host. */
  readonly packageJson?: unknown;
}

/** A package.json for a plugin that has none. */
function impliedPackageJson(plugin: Plugin): unknown {
  return {
    name: plugin.definition.id,
    version: '0.0.0',
    engines: { soulbox: '^1.0.0' },
    soulbox: { id: plugin.definition.id },
  };
}

export function inlinePlugins(plugins: Readonly<Record<string, InlinePlugin>>): PluginSource[] {
  return Object.entries(plugins).map(([id, inline]) => ({
    id,
    packageName: '(in memory)',
    where: 'in memory',
    required: inline.required ?? false,
    rawConfig: inline.config ?? {},
    locate: () => 'in memory',
    load: async () => {
      assertPlugin(inline.plugin, id);
      const manifest = parseManifest(inline.packageJson ?? impliedPackageJson(inline.plugin));
      return { manifest, plugin: async () => inline.plugin };
    },
  }));
}
