import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { allProcesses, familyOf } from '../support/processes.ts';
import type { Home } from '../support/soulbox.ts';

/** Processes with the tag among their arguments, each as `pid arguments`. */
export async function taggedProcesses(tag: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map(async (pid) => {
      const words = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
      return words.includes(tag) ? [`${pid} ${words.replaceAll('\0', ' ').slice(0, 200)}`] : [];
    }),
  );
  return lines.flat();
}

/** The processes that a process has started, and those that these have, as `pid start-time name`. */
export async function descendants(pid: number): Promise<string[]> {
  const family = await familyOf([pid]);
  return family.filter((entry) => entry.pid !== pid).map((entry) => `${entry.pid} ${entry.startedAt} ${entry.name}`);
}

/** Those of {@link descendants}' lines whose process is still there. */
export async function stillThere(lines: readonly string[]): Promise<string[]> {
  const alive = new Set(
    (await allProcesses()).filter(({ state }) => state !== 'Z').map(({ pid, startedAt }) => `${pid} ${startedAt}`),
  );
  return lines.filter((line) => alive.has(line.split(' ', 2).join(' ')));
}

/** The id that marks what a host with this home makes outside it. */
export async function deploymentIdOf(home: Home): Promise<string> {
  return (await readFile(join(home.folder, '.local/share/soulbox/deployment-id'), 'utf8')).trim();
}

/** Every cgroup folder of a deployment, of its hosts and boxes, on every hierarchy. */
export async function deploymentCgroups(deploymentId: string): Promise<string[]> {
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8');
  const points = mountinfo.split('\n').flatMap((line) => {
    const [fields, type] = line.split(' - ');
    return type?.startsWith('cgroup') ? [fields!.split(' ')[4]!] : [];
  });
  return (await Promise.all(points.map((point) => below(point, deploymentId, 6)))).flat();
}

async function below(folder: string, deploymentId: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const nested = entries
    .filter((entry) => entry.isDirectory() && depth > 0)
    .map((entry) => below(join(folder, entry.name), deploymentId, depth - 1));
  const own = `${folder}/`.includes(`/soulbox-${deploymentId}/`) ? [folder] : [];
  return [...own, ...(await Promise.all(nested)).flat()];
}

/** Asks again until nothing is found any more, for ten seconds; resolves with what is found then. */
export async function untilNone(find: () => Promise<string[]>): Promise<string[]> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const found = await find();
    if (found.length === 0 || Date.now() > deadline) return found;
    await sleep(20);
  }
}
