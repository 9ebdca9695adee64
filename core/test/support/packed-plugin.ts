import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writePackage, type PackageOptions } from './plugin-package.ts';
import type { TemporaryFolder } from './temporary-folder.ts';

/** A plugin's package as npm packs it: the path of the archive. */
export async function packedPlugin(folder: TemporaryFolder, at: string, options: PackageOptions = {}): Promise<string> {
  const path = await writePackage(folder, at, options);
  const destination = `${path}-packed`;
  await mkdir(destination);
  await promisify(execFile)('npm', ['pack', path, '--ignore-scripts', `--pack-destination=${destination}`]);
  const [name = ''] = await readdir(destination);
  return join(destination, name);
}
