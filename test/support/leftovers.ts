import { readdir, readFile, readlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Marks {
  /** The deployment id that folders and cgroups are named with. */
  readonly deploymentId: string;
  /** Host uids that only this deployment's boxes use. */
  readonly uids: { readonly from: number; readonly to: number };
}

/** Everything on this machine that a deployment's boxes are known by, one line each. */
export async function leftovers({ deploymentId, uids }: Marks): Promise<string[]> {
  return [
    ...(await processes(deploymentId, uids)),
    ...(await cgroupFolders(deploymentId)),
    ...(await readdir(tmpdir())).filter((name) => name.includes(deploymentId)).map((name) => `file ${name}`),
  ];
}

/** The mounts that this process sees, for a comparison. */
export async function mounts(): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trim().split('\n');
  return lines.map((line) => line.split(' ').slice(2).join(' ')).toSorted();
}

/** As {@link mounts}, without those of container engines, which come and go beside these tests. */
export async function hostMounts(): Promise<string[]> {
  return (await mounts()).filter((line) => !/ - (overlay|nsfs) |\/(docker|containerd|data) /.test(line));
}

async function processes(deploymentId: string, uids: Marks['uids']): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [status, cgroup] = await Promise.all(
        ['status', 'cgroup'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
      );
      const uid = Number(/^Uid:\t(\d+)/m.exec(status!)?.[1] ?? -1);
      const ours = (uid >= uids.from && uid < uids.to) || cgroup!.includes(`/soulbox-${deploymentId}/`);
      return ours || (await isOwnAgent(pid)) ? [`process ${pid} ${/^Name:\t(.*)/m.exec(status!)?.[1]}`] : [];
    }),
  );
  return found.flat();
}

/** Whether it is a child of this process that lives in other namespaces, or an agent that this process started. */
async function isOwnAgent(pid: string): Promise<boolean> {
  const [stat, program] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''),
    readlink(`/proc/${pid}/exe`).catch(() => ''),
  ]);
  const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  return parent === String(process.pid) && program.endsWith('/soulbox-agent');
}

async function cgroupFolders(deploymentId: string): Promise<string[]> {
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8');
  const points = mountinfo.split('\n').flatMap((line) => {
    const [fields, after] = line.split(' - ');
    return after?.startsWith('cgroup') ? [fields!.split(' ')[4]!] : [];
  });
  const found = await Promise.all(points.map((point) => foldersNamed(point, `soulbox-${deploymentId}`, 4)));
  return found.flat().map((folder) => `cgroup ${folder}`);
}

async function foldersNamed(folder: string, name: string, depth: number): Promise<string[]> {
  if (depth === 0) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const nested = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map(async (entry) => {
        const path = join(folder, entry.name);
        return entry.name === name ? [path] : foldersNamed(path, name, depth - 1);
      }),
  );
  return nested.flat();
}
