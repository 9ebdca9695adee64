import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** @typedef {{ dir: string, path: string, manifest: Record<string, any> }} Workspace `dir` is relative to the root, with slashes. */

/** @param {string} file @returns {any} */
export const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Every workspace of the repository, in the order of the top-level package.json. @returns {Workspace[]} */
export function workspaces() {
  const patterns = /** @type {string[]} */ (readJson(join(root, 'package.json')).workspaces);
  const dirs = patterns.flatMap((pattern) => (pattern.endsWith('/*') ? subfolders(pattern.slice(0, -2)) : [pattern]));
  return dirs.map((dir) => {
    const path = join(root, dir);
    return { dir, path, manifest: readJson(join(path, 'package.json')) };
  });
}

/** @param {string} parent */
function subfolders(parent) {
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${parent}/${entry.name}`)
    .toSorted();
}

const skipped = new Set(['dist', 'node_modules', '.git', '.coverage']);

/**
 * Files under a folder, as paths relative to it with slashes; built files are left out unless the folder is one itself.
 * A folder that does not exist holds no files.
 * @param {string} folder absolute path
 * @param {(path: string) => boolean} wanted
 * @returns {string[]}
 */
export function filesUnder(folder, wanted) {
  /** @type {string[]} */
  const found = [];
  /** @param {string} at */
  const visit = (at) => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const path = join(at, entry.name);
      if (entry.isDirectory() && !skipped.has(entry.name)) visit(path);
      else if (entry.isFile()) {
        const name = relative(folder, path).split(sep).join('/');
        if (wanted(name)) found.push(name);
      }
    }
  };
  try {
    visit(folder);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
  }
  return found.toSorted();
}
