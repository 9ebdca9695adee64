import { randomBytes } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SoulboxError } from '@soulbox/plugin-sdk';

const secretPattern = /^[0-9a-f]{64}$/;

/**
 * The secret of a data folder, made at the first call. @throws storage_failed when what is there is none
 */
export async function ownSecret(folder: string): Promise<string> {
  const file = join(folder, 'secret');
  const secret = (await read(file)) ?? (await create(file));
  if (!secretPattern.test(secret))
    throw new SoulboxError('storage_failed', `${file} does not hold a secret; remove it to get a new one`);
  return secret;
}

async function read(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(unless('ENOENT'));
}

/** In one step: of two that start at once the second takes the first one's, never a half of it. */
async function create(file: string): Promise<string> {
  const secret = randomBytes(32).toString('hex');
  const draft = `${file}.${secret.slice(0, 12)}`;
  await writeFile(draft, secret, { flag: 'wx', mode: 0o600 });
  await link(draft, file).catch(unless('EEXIST'));
  await unlink(draft);
  return (await read(file)) ?? secret;
}

function unless(expected: string): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code !== expected) throw error;
  };
}
