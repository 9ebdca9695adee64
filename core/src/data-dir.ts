import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export interface DataDir {
  readonly path: string;
  /** Marks everything that hosts with this data folder make outside it. */
  readonly deploymentId: string;
}

/** Opens the data folder, which only its owner may enter; makes it, and its deployment id, when it is new. */
export async function openDataDir(configured: string | undefined): Promise<DataDir> {
  const path = resolve(
    configured ?? join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'soulbox'),
  );
  await mkdir(path, { recursive: true, mode: 0o700 });
  const file = join(path, 'deployment-id');
  // `wx`: when two hosts start at once, the second takes the first one's id.
  await writeFile(file, randomBytes(6).toString('hex'), { flag: 'wx', mode: 0o600 }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
  return { path, deploymentId: (await readFile(file, 'utf8')).trim() };
}
