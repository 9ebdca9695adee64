import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** @import { Workspace } from './workspaces.mjs' */
/** @typedef {Workspace & { name: string, tarball: string }} Packed */

const run = promisify(execFile);

/** Packs a package as it would be published. @param {Workspace} workspace @param {string} folder @returns {Promise<Packed>} */
export async function pack(workspace, folder) {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { stdout } = await run('npm', args, { cwd: workspace.path });
  return { ...workspace, name: workspace.manifest.name, tarball: join(folder, JSON.parse(stdout)[0].filename) };
}

/** Unpacks it as it would be installed in `folder`. @param {Packed} packed @param {string} folder @returns {Promise<string>} where */
export async function unpack({ name, tarball }, folder) {
  const installed = join(folder, 'node_modules', name);
  mkdirSync(installed, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  return installed;
}
