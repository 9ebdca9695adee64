import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { capabilityMismatch, SoulboxError, type Plugin } from '@soulbox/plugin-sdk';
import { assertPlugin } from './definition.ts';
import { parseManifest, type Manifest } from './manifest.ts';

/** A plugin's package on disk, checked but with none of its code run yet. */
export interface ResolvedPackage {
  readonly folder: string;
  readonly manifest: Manifest;
}

function isPath(specifier: string): boolean {
  return specifier.startsWith('./') || specifier.startsWith('../') || isAbsolute(specifier);
}

/** The folder of an installed package. Walks node_modules itself: a package need not export its package.json. */
function findInstalled(name: string, from: readonly string[]): string[] {
  return from
    .flatMap((folder) => createRequire(join(folder, 'soulbox.yaml')).resolve.paths(name) ?? [])
    .map((modules) => join(modules, name));
}

async function readPackageJson(folder: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR')
      return undefined;
    throw new SoulboxError('plugin_manifest_invalid', `${folder}/package.json cannot be read as JSON`, {
      cause: error,
    });
  }
}

/**
 * Finds a plugin's package: a path relative to the first of `folders`, or an installed package seen from any of them.
 * @throws plugin_not_found, plugin_manifest_invalid, plugin_engine_mismatch
 */
export async function resolvePackage(specifier: string, folders: readonly string[]): Promise<ResolvedPackage> {
  const candidates = isPath(specifier)
    ? [isAbsolute(specifier) ? specifier : join(folders[0] ?? '.', specifier)]
    : findInstalled(specifier, folders);
  for (const folder of candidates) {
    const packageJson = await readPackageJson(folder);
    if (packageJson !== undefined) return { folder, manifest: parseManifest(packageJson) };
  }
  throw new SoulboxError('plugin_not_found', `package ${specifier} is not installed`);
}

/** Imports one of a package's exports: `.` or a subpath such as `./client`. @throws plugin_manifest_invalid */
export async function importExport(found: ResolvedPackage, subpath: string): Promise<Record<string, unknown>> {
  const { exports, main } = (await readPackageJson(found.folder)) as { exports?: unknown; main?: unknown };
  const target = exports === undefined && subpath === '.' ? main : exportTarget(exportEntry(exports, subpath));
  if (typeof target !== 'string')
    throw new SoulboxError('plugin_manifest_invalid', `${found.manifest.name} does not export "${subpath}"`);
  return (await import(pathToFileURL(join(found.folder, target)).href)) as Record<string, unknown>;
}

/** What a package's `exports` says of a subpath; without subpaths, all of it is about `.`. */
function exportEntry(exports: unknown, subpath: string): unknown {
  const isMap = typeof exports === 'object' && exports !== null && Object.keys(exports).some((k) => k.startsWith('.'));
  if (!isMap) return subpath === '.' ? exports : undefined;
  return Object.hasOwn(exports, subpath) ? (exports as Record<string, unknown>)[subpath] : undefined;
}

const conditions = new Set(['node', 'import', 'default']);

/** The file that conditional exports name for an import here: the first condition that holds, as in Node.js. */
function exportTarget(entry: unknown): string | undefined {
  if (typeof entry === 'string') return entry;
  if (typeof entry !== 'object' || entry === null) return undefined;
  for (const [condition, value] of Object.entries(entry)) {
    const target = conditions.has(condition) ? exportTarget(value) : undefined;
    if (target !== undefined) return target;
  }
  return undefined;
}

/** The plugin that a package exports by default. @throws plugin_manifest_invalid when it exports something else. */
export async function importPlugin(found: ResolvedPackage): Promise<Plugin> {
  const exported = (await importExport(found, '.'))['default'];
  assertPlugin(exported, found.manifest.name);
  const { id } = exported.definition;
  if (id !== found.manifest.soulbox.id)
    throw new SoulboxError(
      'plugin_manifest_invalid',
      `${found.manifest.name}: package.json says soulbox.id "${found.manifest.soulbox.id}", the code says "${id}"`,
    );
  const mismatch = capabilityMismatch(found.manifest.soulbox, exported.definition);
  if (mismatch !== undefined) throw new SoulboxError('plugin_manifest_invalid', `${found.manifest.name}: ${mismatch}`);
  return exported;
}
