import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { filesUnder } from './workspaces.mjs';

/** @import { Workspace } from './workspaces.mjs' */
/** @typedef {{ source: string, compiled: string }} TestFile paths relative to the root, with slashes */

/**
 * The test files of one workspace: `x/test/a.test.ts` is compiled to `x/dist/test/a.test.js`; one in JavaScript runs as it is.
 * @param {Workspace} workspace
 * @returns {TestFile[]}
 */
export function testFilesOf({ dir, path }) {
  return filesUnder(path, (name) => /\.test\.[jt]s$/.test(name)).map((name) => ({
    source: `${dir}/${name}`,
    compiled: name.endsWith('.js') ? `${dir}/${name}` : `${dir}/dist/${name.replace(/\.ts$/, '.js')}`,
  }));
}

/**
 * Deletes what was compiled from sources that are gone, because the compiler leaves it behind and it would still run.
 * Only files with a source map beside them are touched.
 * @param {Workspace} workspace
 * @returns {string[]} what was deleted, relative to the workspace
 */
export function removeOrphans({ path }) {
  const compiled = filesUnder(join(path, 'dist'), (name) => name.endsWith('.js.map'));
  const orphans = compiled
    .map((name) => name.replace(/\.js\.map$/, ''))
    .filter((stem) => !existsSync(join(path, `${stem}.ts`)));
  for (const stem of orphans)
    for (const ending of ['.js', '.js.map', '.d.ts', '.d.ts.map'])
      rmSync(join(path, 'dist', stem + ending), { force: true });
  return orphans;
}

/**
 * Narrows test files to those under one of the given paths (`core`, `plugins/x`, `test/architecture/size.test.ts`).
 * @param {TestFile[]} files
 * @param {string[]} paths none means all
 */
export function narrow(files, paths) {
  if (paths.length === 0) return files;
  const wanted = paths.map((path) => path.replace(/^\.\//, '').replace(/\/+$/, ''));
  return files.filter(({ source }) => wanted.some((path) => source === path || source.startsWith(`${path}/`)));
}
