import { constants, cpSync, existsSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { readJson, root } from './workspaces.mjs';

/** @typedef {{ dir: string, name: string, manifest: Record<string, any> }} Dependent `dir` is where its dependencies are looked for */

/**
 * What packages declare that they need to run, and what that needs: each once, where it is installed here, as paths
 * relative to the root (`node_modules/a`, `node_modules/a/node_modules/b`). Optional ones count where they are installed.
 * @param {Dependent[]} dependents
 * @param {ReadonlySet<string>} given names of packages that are there already
 * @returns {string[]}
 */
export function closureOf(dependents, given) {
  /** @type {Set<string>} */
  const found = new Set();
  const waiting = [...dependents];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    for (const { name, mayLack } of declaredBy(next.manifest)) {
      if (given.has(name)) continue;
      const path = findInstalled(name, next.dir);
      if (path === undefined && mayLack) continue;
      if (path === undefined) throw new Error(`${next.name} declares ${name}, which is not installed`);
      const at = relative(root, path);
      if (found.has(at)) continue;
      found.add(at);
      waiting.push({ dir: path, name, manifest: readJson(join(path, 'package.json')) });
    }
  }
  return [...found].toSorted();
}

/** Copies one of {@link closureOf}, without what is installed within it. @param {string} at @param {string} to */
export function copyDependency(at, to) {
  cpSync(join(root, at), to, {
    recursive: true,
    dereference: true,
    mode: constants.COPYFILE_FICLONE,
    filter: (source) => basename(source) !== 'node_modules',
  });
}

/** @param {Record<string, any>} manifest @returns {{ name: string, mayLack: boolean }[]} */
function declaredBy({ dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta = {} }) {
  const optional = new Set([
    ...Object.keys(optionalDependencies ?? {}),
    ...Object.keys(peerDependenciesMeta).filter((name) => peerDependenciesMeta[name].optional === true),
  ]);
  const names = new Set(
    [dependencies, optionalDependencies, peerDependencies].flatMap((map) => Object.keys(map ?? {})),
  );
  return [...names].map((name) => ({ name, mayLack: optional.has(name) }));
}

/** As Node.js looks for it, no further than the root. @param {string} name @param {string} from @returns {string | undefined} */
function findInstalled(name, from) {
  for (let at = from; ; at = dirname(at)) {
    const path = join(at, 'node_modules', name);
    if (existsSync(join(path, 'package.json'))) return path;
    if (at === root || at === dirname(at)) return undefined;
  }
}
