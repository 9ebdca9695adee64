import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
  const children = new Map<string, string[]>();
  const told = new Map<string, string>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '');
    const [, command, rest] = /^\d+ \((.*)\) (.*)$/s.exec(stat) ?? [];
    const fields = rest?.split(' ') ?? [];
    if (fields[1] === undefined) continue;
    children.set(fields[1], [...(children.get(fields[1]) ?? []), name]);
    told.set(name, `${name} ${fields[19]} ${command}`);
  }
  const family = (parent: string): string[] =>
    (children.get(parent) ?? []).flatMap((child) => [told.get(child)!, ...family(child)]);
  return family(String(pid));
}

/** Those of {@link descendants}' lines whose process is still there. */
export async function stillThere(lines: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    lines.map(async (line) => {
      const [pid, started] = line.split(' ');
      const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[19] === started && fields[0] !== 'Z' ? [line] : [];
    }),
  );
  return found.flat();
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
