import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import semver from 'semver';
import { parse, SoulboxError, z } from '@soulbox/plugin-sdk';
import { parseManifest, type Manifest } from '../plugins/manifest.ts';
import { hostSdkVersion, sdkName } from './sdk-link.ts';
import { isPackageName } from './spec.ts';

const ranges = z.record(z.string(), z.string()).default({});
const InstallationSchema = z.object({
  scripts: z.record(z.string(), z.unknown()).default({}),
  dependencies: ranges,
  peerDependencies: ranges,
  peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean().default(false) })).default({}),
});
type Installation = z.infer<typeof InstallationSchema>;

export interface Installable {
  readonly manifest: Manifest;
  /** What it wants to find beside itself, by name; the SDK, which is the host's, is not among it. */
  readonly peers: Readonly<Record<string, string>>;
}

/** Scripts that npm would run while it installs a package. */
function installScripts(scripts: Readonly<Record<string, unknown>>, files: readonly string[]): string[] {
  const named = ['preinstall', 'install', 'postinstall'].filter((script) => Object.hasOwn(scripts, script));
  // Without a script, npm builds native code by itself.
  return named.length === 0 && files.includes('binding.gyp') ? ['binding.gyp'] : named;
}

function refuse(manifest: Manifest, why: string): never {
  throw new SoulboxError('package_refused', `${manifest.name}@${manifest.version} ${why}`);
}

function neededPeers({ peerDependencies, peerDependenciesMeta }: Installation): [name: string, range: string][] {
  return Object.entries(peerDependencies).filter(([name]) => peerDependenciesMeta[name]?.optional !== true);
}

async function assertSdkOfHost(manifest: Manifest, { dependencies, peerDependencies }: Installation): Promise<void> {
  if (Object.hasOwn(dependencies, sdkName))
    refuse(manifest, `has ${sdkName} under dependencies: it must be a peer, so that host and plugin share one`);
  const range = peerDependencies[sdkName];
  const version = await hostSdkVersion();
  if (range !== undefined && !semver.satisfies(version, range, { includePrerelease: true }))
    throw new SoulboxError('plugin_engine_mismatch', `made for ${sdkName} ${range}, but the host's is ${version}`);
}

/**
 * Whether a plugin's package may be installed here, by its package.json and the names of its files.
 * @throws plugin_manifest_invalid, plugin_engine_mismatch, package_refused
 */
export async function assertInstallable(packageJson: unknown, files: readonly string[]): Promise<Installable> {
  const manifest = parseManifest(packageJson);
  if (!isPackageName(manifest.name)) refuse(manifest, 'has a name that is none for a package');
  const installation = parse(InstallationSchema, packageJson, 'plugin_manifest_invalid');
  const scripts = installScripts(installation.scripts, files);
  if (scripts.length > 0)
    refuse(manifest, `wants to run code while it is installed (${scripts.join(', ')}), which a plugin must not`);
  await assertSdkOfHost(manifest, installation);
  const peers = neededPeers(installation).filter(([name]) => name !== sdkName);
  for (const [name, range] of peers)
    if (!isPackageName(name) || semver.validRange(range) === null)
      refuse(manifest, `needs ${name} beside it, but "${range}" is not a range of versions that could be installed`);
  return { manifest, peers: Object.fromEntries(peers) };
}

/** Makes sure that a package finds its peers from where it lies. @throws package_refused with those that it does not find. */
export async function assertPeersSeen(folder: string): Promise<void> {
  const file = join(folder, 'package.json');
  const packageJson: unknown = JSON.parse(await readFile(file, 'utf8'));
  const peers = neededPeers(parse(InstallationSchema, packageJson, 'plugin_manifest_invalid'));
  const { paths } = createRequire(file).resolve;
  const missing = peers
    .map(([name]) => name)
    .filter((name) => !paths(name)?.some((modules) => existsSync(join(modules, name))));
  if (missing.length > 0)
    throw new SoulboxError(
      'package_refused',
      `${folder} does not find beside it: ${missing.join(', ')}; run npm install in it`,
    );
}
