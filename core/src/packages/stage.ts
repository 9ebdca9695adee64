import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SoulboxError } from '@soulbox/plugin-sdk';
import type { Manifest } from '../plugins/manifest.ts';
import { readArchive } from './archive.ts';
import { assertInstallable } from './installable.ts';
import { treeIntegrity } from './integrity.ts';
import { npm, type NpmOptions } from './npm.ts';
import { packageIn, packagesFolder } from './places.ts';
import { linkSdk, sdkLink, sdkName } from './sdk-link.ts';
import type { PackageSpec } from './spec.ts';

/** Begins the names of folders that are no trees yet, or no more. */
export const stagingPrefix = '.staging-';

/** A package installed where no host sees it yet. Disposing it leaves nothing of it. */
export interface StagedPackage extends AsyncDisposable {
  /** A folder of its own, on the file system of the data folder. */
  readonly folder: string;
  /** Within that folder: what is to become the installed tree. */
  readonly tree: string;
  readonly manifest: Manifest;
  readonly integrity: string;
  /** Dependencies that wanted to run code while they were installed, and were not let: `name@version`. */
  readonly leftOut: readonly string[];
}

/** The package as an archive in the staging folder: fetched, packed or copied. */
async function archiveOf(spec: PackageSpec, options: NpmOptions): Promise<string> {
  if (spec.kind === 'tarball') {
    const copy = join(options.prefix, 'package.tgz');
    await copyFile(spec.path, copy);
    return copy;
  }
  const what = spec.kind === 'registry' ? `${spec.name}@${spec.range}` : spec.path;
  await npm(['pack', what, `--pack-destination=${options.prefix}`], options);
  const packed = (await readdir(options.prefix)).find((name) => name.endsWith('.tgz'));
  if (packed === undefined) throw new SoulboxError('package_unavailable', `npm packed nothing for ${what}`);
  return join(options.prefix, packed);
}

/** npm's own note of what it did: it names the staging folder, and is not a part of the package. */
async function takeInstallNote(tree: string): Promise<string[]> {
  const note = join(tree, 'node_modules', '.package-lock.json');
  const { packages } = JSON.parse(await readFile(note, 'utf8')) as {
    packages: Readonly<Record<string, { version?: string; hasInstallScript?: boolean }>>;
  };
  await rm(note);
  return Object.entries(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript === true)
    .map(
      ([path, { version }]) => `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${version}`,
    );
}

function assertNamed(spec: PackageSpec, { name }: Manifest): void {
  if (spec.kind === 'registry' && spec.name !== name)
    throw new SoulboxError('package_refused', `asked for ${spec.name}, but the package that came is ${name}`);
}

async function fill(folder: string, spec: PackageSpec, signal: AbortSignal | undefined) {
  const archive = await archiveOf(spec, { prefix: folder, signal });
  const { packageJson, files } = await readArchive(archive);
  const { manifest, peers } = await assertInstallable(packageJson, files);
  assertNamed(spec, manifest);
  const tree = join(folder, 'tree');
  await mkdir(tree);
  const beside = Object.entries(peers).map(([name, range]) => `${name}@${range}`);
  const only = ['--legacy-peer-deps', '--omit=dev', '--no-save', '--no-package-lock'];
  await npm(['install', archive, ...beside, ...only], { prefix: tree, signal });
  const leftOut = await takeInstallNote(tree);
  if (existsSync(join(tree, sdkLink)))
    throw new SoulboxError('package_refused', `${manifest.name}: a dependency brings a ${sdkName} of its own`);
  await linkSdk(tree);
  // What npm unpacked is what counts, whatever we read in the archive.
  const installed = packageIn(tree, manifest.name);
  const unpacked: unknown = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  await assertInstallable(unpacked, await readdir(installed));
  return { tree, manifest, leftOut, integrity: await treeIntegrity(tree) };
}

/**
 * Installs a package and what it depends on into a staging folder; none of its code is run.
 * @throws package_refused, package_unavailable, npm_missing, cancelled, plugin_manifest_invalid, plugin_engine_mismatch;
 * nothing is left then.
 */
export async function stagePackage(dataDir: string, spec: PackageSpec, signal?: AbortSignal): Promise<StagedPackage> {
  const folder = join(packagesFolder(dataDir), `${stagingPrefix}${randomUUID()}`);
  const dispose = () => rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    return { folder, ...(await fill(folder, spec, signal)), [Symbol.asyncDispose]: dispose };
  } catch (thrown) {
    await dispose();
    throw thrown;
  }
}
