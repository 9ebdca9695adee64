import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readlink, realpath, rename, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SoulboxError } from '@soulbox/plugin-sdk';

/** What every plugin is written with. Plugins get the one of the host that runs them, never one of their own. */
export const sdkName = '@soulbox/plugin-sdk';
/** Where an installed tree has the host's SDK. */
export const sdkLink = join('node_modules', sdkName);

const packageJson = fileURLToPath(import.meta.resolve(`${sdkName}/package.json`));

export async function hostSdkVersion(): Promise<string> {
  return (JSON.parse(await readFile(packageJson, 'utf8')) as { version: string }).version;
}

/**
 * Makes an installed tree see the host's own SDK, also after the host was moved.
 * @throws plugin_integrity when something else stands in its place.
 */
export async function linkSdk(tree: string): Promise<void> {
  const target = await realpath(dirname(packageJson));
  const link = join(tree, sdkLink);
  const present = await readlink(link).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new SoulboxError('plugin_integrity', `${link} is not the link to the SDK of the host`, { cause: error });
  });
  if (present === target) return;
  await mkdir(dirname(link), { recursive: true });
  // Beside the tree, and in one step: others may be reading it.
  const draft = `${tree}.${randomUUID()}`;
  await symlink(target, draft);
  await rename(draft, link);
}
