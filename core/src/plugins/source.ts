import { SoulboxError, type Isolation, type Plugin } from '@soulbox/plugin-sdk';
import type { Logger } from 'pino';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { watchIntrinsics } from '../intrinsics/watch.ts';
import { noBoundary } from '../isolation/boundary.ts';
import { importIsolated } from '../isolation/import-isolated.ts';
import { verifiedPackage } from '../packages/locate.ts';
import { assertPlugin, parseOwnConfig, type OwnConfig } from './definition.ts';
import { parseManifest, type Manifest } from './manifest.ts';
import { importPlugin, resolvePackage, type ResolvedPackage } from './resolve.ts';

export type { Isolation } from '@soulbox/plugin-sdk';

/** What separates a plugin from the host, each by the mechanism that does it; `none` where nothing does. */
export interface Boundary {
  /** Whether a crash, an endless loop or `process.exit` stays its own. */
  readonly crashes: string;
  readonly memory: string;
  readonly environment: string;
  readonly files: string;
  readonly processes: string;
  readonly network: string;
}

/** A plugin's code, imported and ready to be set up. Setting it up once is all that it is good for. */
export interface LoadedPlugin {
  readonly plugin: Plugin;
  readonly boundary: Boundary;
  /** The settings as its schema yields them. @throws config_invalid with all problems, each with its line. */
  parseConfig(own: OwnConfig): Promise<unknown>;
  /** Of the process of its own, where it has one. */
  readonly pid: number | null;
  /** Ends the process of its own, if it has one, after the plugin was stopped. Never rejects. */
  dispose(): Promise<void>;
}

/** What a plugin's code may tell the host out of turn. */
export interface PluginEvents {
  /** Its process ended without being asked to; nothing of this {@link LoadedPlugin} answers any more. */
  lost(error: SoulboxError): void;
}

/** A plugin that was found and checked, with none of its code run yet. */
export interface CheckedPlugin {
  readonly manifest: Manifest;
  /** Where its files are; `null` for one in memory. */
  readonly folder: string | null;
  readonly isolation: Isolation;
  /** Runs its code for the first time. Each call of an isolated plugin begins a new process, with the code of then. */
  import(events: PluginEvents): Promise<LoadedPlugin>;
}

/** Where a plugin comes from: found and checked first, imported after. */
export interface PluginSource {
  readonly id: string;
  readonly packageName: string;
  /** Of all its files, where it was added by a command. */
  readonly integrity: string | null;
  readonly where: string;
  readonly required: boolean;
  readonly rawConfig: Readonly<Record<string, unknown>>;
  /** `file:line` of a setting, by its path in the whole configuration. */
  readonly locate: (path: readonly string[]) => string;
  /** Equal as long as nothing that concerns the running plugin is configured differently. */
  readonly fingerprint: string;
  /** Finds the package as it is now. @throws plugin_not_found, plugin_manifest_invalid, plugin_engine_mismatch, plugin_integrity */
  check(): Promise<CheckedPlugin>;
}

/** What plugins that the configuration names are run with. */
export interface ImportSettings {
  readonly host: Config['host'];
  /** The folder that an instance keeps its data in; absent where none will be set up. */
  readonly dataDir?: (id: string) => string;
  readonly log: Logger;
}

/** The same plugin, whose set-up leaves the built-in objects of this process as they are. */
function watched(plugin: Plugin, folder: string | null): Plugin {
  const { definition } = plugin;
  const setup: typeof definition.setup = (context, services) =>
    watchIntrinsics({ id: context.id, folder }, () => definition.setup(context, services), context.signal);
  return { ...plugin, definition: { ...definition, setup } };
}

function inHostProcess(plugin: Plugin, folder: string | null): LoadedPlugin {
  return {
    plugin: watched(plugin, folder),
    boundary: noBoundary,
    parseConfig: async (own) => parseOwnConfig(own, plugin.definition.config),
    pid: null,
    dispose: () => Promise.resolve(),
  };
}

async function importInline(id: string, found: ResolvedPackage, { host }: ImportSettings): Promise<LoadedPlugin> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), host.pluginStartMs);
  try {
    const { folder } = found;
    return inHostProcess(await watchIntrinsics({ id, folder }, () => importPlugin(found), over.signal), folder);
  } finally {
    clearTimeout(timer);
  }
}

/** Where a plugin runs: where the configuration says, if its manifest allows that. @throws plugin_manifest_invalid */
export function chooseIsolation({ name, soulbox }: Manifest, wanted: Isolation | undefined): Isolation {
  const allowed = soulbox.isolation;
  if (wanted === undefined) return allowed.includes('inline') ? 'inline' : 'process';
  if (allowed.includes(wanted)) return wanted;
  throw new SoulboxError(
    'plugin_manifest_invalid',
    `${name} cannot run with isolation "${wanted}", only ${allowed.join(', ')}`,
  );
}

function checked(
  id: string,
  found: ResolvedPackage,
  wanted: Isolation | undefined,
  settings: ImportSettings,
): CheckedPlugin {
  const isolation = chooseIsolation(found.manifest, wanted);
  return {
    manifest: found.manifest,
    folder: found.folder,
    isolation,
    import: (events) =>
      isolation === 'process' ? importIsolated(id, found, settings, events) : importInline(id, found, settings),
  };
}

/** The plugins that the configuration names. */
export function configuredPlugins(loaded: LoadedConfig, settings: ImportSettings): PluginSource[] {
  return Object.entries(loaded.config.plugins).flatMap(([id, entry]) => {
    if (entry === false) return [];
    return [
      {
        id,
        packageName: entry.package,
        integrity: entry.integrity ?? null,
        where: loaded.where(['plugins', id]),
        required: entry.required,
        rawConfig: entry.config,
        locate: (path) => loaded.where(path),
        fingerprint: JSON.stringify(entry),
        check: async () => checked(id, await verifiedPackage(id, entry, loaded), entry.isolation, settings),
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

/** A plugin's package on disk, for tests and for programs that embed a host. */
export interface PackagedPlugin {
  /** The folder of its package.json. */
  readonly folder: string;
  readonly isolation?: Isolation;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly required?: boolean;
}

/** A package.json for a plugin that has none: it may do all that is not privileged. */
function impliedPackageJson(plugin: Plugin): unknown {
  return {
    name: plugin.definition.id,
    version: '0.0.0',
    engines: { soulbox: '^1.0.0' },
    soulbox: { id: plugin.definition.id, permissions: { hooks: ['*'], operations: ['*'] } },
  };
}

export function embeddedPlugins(
  plugins: Readonly<Record<string, InlinePlugin | PackagedPlugin>>,
  settings: ImportSettings,
): PluginSource[] {
  return Object.entries(plugins).map(([id, given]) => ({
    id,
    packageName: 'folder' in given ? given.folder : '(in memory)',
    integrity: null,
    where: 'in memory',
    required: given.required ?? false,
    rawConfig: given.config ?? {},
    locate: () => 'in memory',
    fingerprint: '',
    check: async () => {
      if ('folder' in given)
        return checked(id, await resolvePackage(given.folder, [given.folder]), given.isolation, settings);
      assertPlugin(given.plugin, id);
      const manifest = parseManifest(given.packageJson ?? impliedPackageJson(given.plugin));
      const imported = async () => inHostProcess(given.plugin, null);
      return { manifest, folder: null, isolation: 'inline' as const, import: imported };
    },
  }));
}
