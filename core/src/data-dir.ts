import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { SoulboxError } from '@soulbox/plugin-sdk';

export interface DataDir {
  readonly path: string;
  /** Marks everything that hosts with this data folder make outside it. */
  readonly deploymentId: string;
}

/** Where the data folder is: where the configuration says, else among the user's data. */
export function dataDirPath(configured: string | undefined): string {
  return resolve(configured ?? join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'soulbox'));
}

/**
 * Opens the data folder, or makes it so that only its owner may enter. Its deployment id is made once.
 * @throws storage_failed when the id there is not one.
 */
export async function openDataDir(configured: string | undefined): Promise<DataDir> {
  const path = dataDirPath(configured);
  await mkdir(path, { recursive: true, mode: 0o700 });
  const file = join(path, 'deployment-id');
  const deploymentId = (await read(file)) ?? (await create(file));
  // Whatever carries the id is swept away by hosts that carry it too, so that a part of one must not pass.
  if (!/^[0-9a-f]{12}$/.test(deploymentId))
    throw new SoulboxError('storage_failed', `${file} does not hold a deployment id; remove it to get a new one`);
  return { path, deploymentId };
}

async function read(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(unless('ENOENT'));
  return text?.trim();
}

/** Writes an id in one step: of two hosts that start at once the second takes the first one's, never a half of it. */
async function create(file: string): Promise<string> {
  const id = randomBytes(6).toString('hex');
  const draft = `${file}.${id}`;
  await writeFile(draft, id, { flag: 'wx', mode: 0o600 });
  await link(draft, file).catch(unless('EEXIST'));
  await unlink(draft);
  return (await read(file)) ?? id;
}

function unless(expected: string): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code !== expected) throw error;
  };
}
