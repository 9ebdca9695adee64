import { readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** About six seconds in all: a killed process that holds much memory takes its time. */
const pausesMs = [1, 2, 5, 10, 20, 50, 100, 200, 200, 400, 500, 500, 1000, 1000, 1000, 1000];

/**
 * Kills every process in a cgroup folder and below, and removes the folders. What is not there is no error.
 * @returns whether it is gone.
 */
export async function removeCgroup(folder: string): Promise<boolean> {
  for (const pause of [0, ...pausesMs]) {
    await sleep(pause);
    const folders = await foldersBelow(folder);
    await killAll(folder, folders);
    if (await removeFolders(folders)) return true;
  }
  return false;
}

/** The folder and all below it, the deepest first; none if it is not there. */
async function foldersBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const nested = entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => foldersBelow(join(folder, entry.name)));
    return [...(await Promise.all(nested)).flat(), folder];
  } catch {
    return [];
  }
}

async function killAll(folder: string, folders: readonly string[]): Promise<void> {
  try {
    // Version 2 on Linux 5.14 and later: at once, and without a race against forks.
    await writeFile(join(folder, 'cgroup.kill'), '1', { flag: 'r+' });
  } catch {
    await Promise.all(folders.map(killEach));
  }
}

async function killEach(folder: string): Promise<void> {
  const listed = await readFile(join(folder, 'cgroup.procs'), 'latin1').catch(() => '');
  for (const line of listed.split('\n')) {
    const pid = Number(line);
    // 0 stands for a process of another pid namespace, but kill(0) means this host's own group.
    if (pid <= 1) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone already, or about to be.
    }
  }
}

async function removeFolders(folders: readonly string[]): Promise<boolean> {
  for (const folder of folders) {
    try {
      await rmdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return false;
    }
  }
  return true;
}
