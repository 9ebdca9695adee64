import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hierarchies, removeCgroups } from './cgroup-folders.ts';

/** A cgroup that counts processor time of the processes in it, of all that they start, and of cgroups below it. */
export interface CountedGroup {
  /** Absolute, in its hierarchy. */
  readonly name: string;
  /** Processor time so far, in milliseconds. */
  readMs(): Promise<number>;
  /** Lets this process, if it is in there, out again, and removes the cgroup. */
  remove(): Promise<void>;
}

/**
 * Puts processes into a cgroup of their own. What they start is counted there, even what loses its parents on the way.
 * Resolves with `undefined` where this user may make no cgroups.
 */
export async function countInGroup(name: string, pids: readonly number[]): Promise<CountedGroup | undefined> {
  const all = await hierarchies();
  const first = all.find(({ controllers }) => controllers.includes('cpuacct'));
  const hierarchy = first ?? all.find(({ controllers }) => controllers.length === 0);
  if (!hierarchy) return undefined;
  const folder = join(hierarchy.folder, name);
  // In version 2 a cgroup with processes has no limited ones below it.
  const members = join(folder, 'members');
  const before = await ownCgroup(first ? 'cpuacct' : '');
  const remove = async (): Promise<void> => {
    const back = join(hierarchy.folder, before, 'cgroup.procs');
    if (pids.includes(process.pid)) await writeFile(back, String(process.pid)).catch(() => undefined);
    await removeCgroups(name);
  };
  try {
    await mkdir(members, { recursive: true });
    for (const pid of pids) await writeFile(join(members, 'cgroup.procs'), String(pid));
  } catch {
    await remove();
    return undefined;
  }
  const readMs = async (): Promise<number> => {
    if (first) return Number(await readFile(join(folder, 'cpuacct.usage'), 'utf8')) / 1e6;
    return Number(/usage_usec (\d+)/.exec(await readFile(join(folder, 'cpu.stat'), 'utf8'))![1]) / 1000;
  };
  return { name: `/${name}`, readMs, remove };
}

/** The cgroup that this process is in, of the hierarchy with this controller, or of version 2 where it is ''. */
async function ownCgroup(controller: string): Promise<string> {
  const lines = (await readFile('/proc/self/cgroup', 'utf8')).split('\n').map((line) => line.split(':'));
  return lines.find(([, controllers]) => controllers!.split(',').includes(controller))?.[2] ?? '/';
}
