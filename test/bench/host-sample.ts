import { readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deploymentCgroups, deploymentIdOf } from '../faults/traces.ts';
import { familyOf } from '../support/processes.ts';
import type { RunningHost } from '../support/running-host.ts';

/** What a host holds of this machine. Everything but `databaseBytes`, which grows with what is recorded, must stay flat. */
export interface HostSample {
  readonly rssBytes: number;
  /** Open descriptors of the host. */
  readonly descriptors: number;
  /** The host's children and theirs. */
  readonly processes: number;
  /** Ended, and not waited for. */
  readonly zombies: number;
  /** Folders of the deployment, on all hierarchies. */
  readonly cgroups: number;
  /** That the host, or anything that it started, sees. */
  readonly mounts: number;
  /** Files of the deployment in the folder for temporary files. */
  readonly temporaryFiles: number;
  readonly databaseBytes: number;
}

async function mountsOf(pids: readonly number[]): Promise<number> {
  const all = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '')));
  return all.reduce((sum, text) => sum + text.split('\n').length - 1, 0);
}

async function folderBytes(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => stat(join(file.parentPath, file.name)).catch(() => undefined)),
  );
  return sizes.reduce((sum, info) => sum + (info?.size ?? 0), 0);
}

/** Looks at a host from outside. */
export async function sampleHost({ child, home }: RunningHost): Promise<HostSample> {
  const pid = child.pid!;
  const [deployment, family, status, descriptors, temporary] = await Promise.all([
    deploymentIdOf(home),
    familyOf([pid]),
    readFile(`/proc/${pid}/status`, 'latin1'),
    readdir(`/proc/${pid}/fd`),
    readdir(tmpdir()),
  ]);
  const others = family.filter((entry) => entry.pid !== pid);
  return {
    rssBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024,
    descriptors: descriptors.length,
    processes: others.length,
    zombies: others.filter(({ state }) => state === 'Z').length,
    cgroups: (await deploymentCgroups(deployment)).length,
    mounts: await mountsOf(family.map((entry) => entry.pid)),
    temporaryFiles: temporary.filter((name) => name.includes(deployment)).length,
    databaseBytes: await folderBytes(join(home.folder, '.local/share/soulbox')),
  };
}
