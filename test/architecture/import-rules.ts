import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { ownerOf, sdk, type Manifest, type Package } from './packages.ts';

/** The one file that may know the container. */
const containerFile = 'core/src/services.ts';
const container = new Set(['tsyringe', 'reflect-metadata']);
const sdkForTests = [`${sdk}/testing`, `${sdk}/conformance`];

/** `@scope/name/sub` is of the package `@scope/name`. */
function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

const isRelative = (specifier: string): boolean => /^\.\.?(\/|$)/.test(specifier);

/** Code that is not published, and so may use what its package declares for development. */
function isForDevelopment(file: string, owner: Package): boolean {
  return (
    owner.manifest.private === true ||
    !/^(src|testing|conformance|bin|agent\/src)\//.test(file.slice(owner.dir.length + 1))
  );
}

function declared(manifest: Manifest, development: boolean): Set<string> {
  const { dependencies = {}, peerDependencies = {}, devDependencies = {} } = manifest;
  return new Set(Object.keys({ ...dependencies, ...peerDependencies, ...(development ? devDependencies : {}) }));
}

/**
 * What is wrong with an import wherever it stands: built-in modules without `node:`, paths that leave the package or lead
 * nowhere, packages and subpaths that are not declared.
 */
export function importProblem(
  file: string,
  specifier: string,
  all: readonly Package[],
  exists: (path: string) => boolean,
): string | undefined {
  if (isBuiltin(specifier))
    return specifier.startsWith('node:') ? undefined : 'a built-in module is imported as node:…';
  const owner = ownerOf(file, all);
  if (owner === undefined) return 'belongs to no package';
  if (isRelative(specifier)) {
    const target = posix.join(posix.dirname(file), specifier);
    if (!target.startsWith(`${owner.dir}/`)) return 'leaves its package';
    return exists(target) ? undefined : 'leads nowhere';
  }
  const name = packageName(specifier);
  if (name !== owner.manifest.name && !declared(owner.manifest, isForDevelopment(file, owner)).has(name)) {
    // The scripts are those of the workspace, and use what the top-level package.json declares.
    return file.startsWith('config/scripts/') ? undefined : 'is not declared in package.json';
  }
  const target = all.find(({ manifest }) => manifest.name === name);
  const subpath = `.${specifier.slice(name.length)}`;
  return target === undefined || Object.hasOwn(target.manifest.exports ?? {}, subpath) ? undefined : 'is not exported';
}

/** What is wrong with an import because of the room in which it stands. */
export function roomProblem(file: string, specifier: string): string | undefined {
  if (container.has(packageName(specifier)) && file !== containerFile)
    return `only ${containerFile} knows the container`;
  if (file.startsWith('core/')) return coreProblem(file, specifier);
  if (file.startsWith('sdk-plugin/src/') || file.startsWith('sdk-plugin/agent/src/'))
    return sdkProblem(file, specifier);
  if (file.startsWith('plugins/')) return pluginProblem(file, specifier);
  return undefined;
}

function coreProblem(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('@soulbox/plugin-')) return undefined;
  if (packageName(specifier) !== sdk) return 'core imports no plugin';
  // The client of the live service speaks with every driver's sandboxes, and makes none.
  const isPlain = specifier === sdk || specifier === `${sdk}/live`;
  return isPlain || file.startsWith('core/test/') ? undefined : "core uses the SDK's main entry and live client only";
}

function sdkProblem(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('@soulbox/')) return 'the SDK knows neither the host nor a plugin';
  const target = isRelative(specifier) ? posix.join(posix.dirname(file), specifier) : '';
  return /^sdk-plugin\/(testing|conformance|test|agent\/test)\//.test(target)
    ? 'the contracts do not depend on their tests'
    : undefined;
}

function pluginProblem(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('@soulbox/')) return undefined;
  const own = `@soulbox/plugin-${file.split('/')[1]}`;
  if (packageName(specifier) !== sdk && packageName(specifier) !== own) return 'plugins import the SDK only';
  const inTest = file.split('/')[2] === 'test';
  return !inTest && sdkForTests.includes(specifier) ? 'is for tests' : undefined;
}
