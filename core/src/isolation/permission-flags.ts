import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Permissions } from '@soulbox/plugin-sdk';

/** The flag that turns on the permissions of this Node.js, or `undefined` where it has none. */
function permissionFlag(known: ReadonlySet<string>): string | undefined {
  return ['--permission', '--experimental-permission'].find((flag) => known.has(flag));
}

/** The folder of the package that a file belongs to. */
function packageFolder(file: string): string {
  let folder = dirname(file);
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  return realpathSync(folder);
}

/** Every folder of installed packages that a module in `folder` can see. */
function visibleModules(folder: string): string[] {
  const modules = join(folder, 'node_modules');
  const own = existsSync(modules) ? [modules] : [];
  return folder === dirname(folder) ? own : [...own, ...visibleModules(dirname(folder))];
}

/** What a runner reads to run at all: the plugin, the host's own code and the SDK, and what they depend on. */
function codeFolders(plugin: string): string[] {
  const own = packageFolder(fileURLToPath(import.meta.url));
  const sdk = packageFolder(fileURLToPath(import.meta.resolve('@soulbox/plugin-sdk')));
  const packages = [realpathSync(plugin), plugin, own, sdk];
  const linked = visibleModules(realpathSync(plugin))
    .map((modules) => join(modules, '@soulbox', 'plugin-sdk'))
    .filter((link) => existsSync(link))
    .map((link) => realpathSync(link));
  return [...new Set([...packages, ...linked, ...packages.flatMap(visibleModules)])];
}

export interface PermissionPlan {
  readonly flags: readonly string[];
  /** What holds a plugin back from files, from programs and from the network; `none` where nothing does. */
  readonly files: string;
  readonly processes: string;
  readonly network: string;
}

export interface PermissionOptions {
  /** The folder of the plugin's package. */
  readonly folder: string;
  readonly dataDir: string | undefined;
  readonly permissions: Permissions;
  /** Flags that this Node.js knows. */
  readonly known?: ReadonlySet<string>;
  /** Where coverage is written to, if it is measured. */
  readonly coverage?: string | undefined;
}

/** One form for each path, once: Node.js 20 aborts where a folder is named twice, or with and without its members. */
function allow(flag: string, paths: readonly string[]): string[] {
  if (paths.includes('*')) return [`${flag}=*`];
  const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  const forms = paths.map((path) => (isFile(path) ? path : join(path, '*')));
  return [...new Set(forms)].map((form) => `${flag}=${form}`);
}

/** The flags with which Node.js itself refuses what a plugin did not declare, and what they really hold. */
export function permissionPlan(options: PermissionOptions): PermissionPlan {
  const { folder, dataDir, permissions, known = process.allowedNodeEnvironmentFlags, coverage } = options;
  const flag = permissionFlag(known);
  if (flag === undefined) return { flags: [], files: 'none', processes: 'none', network: 'none' };
  const { files, processes, network, addons, workers } = permissions;
  const own = [dataDir, coverage].filter((path) => path !== undefined);
  const holdsNetwork = known.has('--allow-net');
  const flags = [
    flag,
    ...allow('--allow-fs-read', files.read.includes('*') ? ['*'] : [...codeFolders(folder), ...own, ...files.read]),
    ...allow('--allow-fs-write', files.write.includes('*') ? ['*'] : [...own, ...files.write]),
    ...(processes ? ['--allow-child-process'] : []),
    ...(workers ? ['--allow-worker'] : []),
    ...(addons && known.has('--allow-addons') ? ['--allow-addons'] : []),
    ...(holdsNetwork && network.length > 0 ? ['--allow-net'] : []),
  ];
  // A program or thread that it starts, or native code, is held by none of this.
  const free = processes || addons || workers;
  return {
    flags,
    files: free || [...files.read, ...files.write].includes('*') ? 'none' : 'node-permission',
    processes: free ? 'none' : 'node-permission',
    network: holdsNetwork && network.length === 0 && !free ? 'node-permission' : 'none',
  };
}
