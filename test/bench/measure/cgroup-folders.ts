import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

interface Hierarchy {
  readonly folder: string;
  /** Of version 1; none of version 2. */
  readonly controllers: readonly string[];
}

/** Where cgroup hierarchies of either version are mounted. */
export async function hierarchies(): Promise<Hierarchy[]> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '));
  return lines.flatMap(([, folder, type, options]) => {
    if (type !== 'cgroup' && type !== 'cgroup2') return [];
    return [{ folder: folder!, controllers: type === 'cgroup' ? options!.split(',') : [] }];
  });
}

async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  await rmdir(folder);
}

/** Removes the cgroups of this name at the top of each hierarchy. Their processes may take a moment to be gone. */
export async function removeCgroups(name: string): Promise<void> {
  for (const { folder } of await hierarchies())
    for (let n = 0; n < 50; n += 1) {
      const error = await removeTree(join(folder, name)).then(
        () => undefined,
        (thrown: NodeJS.ErrnoException) => thrown,
      );
      if (error === undefined || error.code === 'ENOENT') break;
      await sleep(100);
    }
}
