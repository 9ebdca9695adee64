import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** What a report tells of the machine that its figures are of, by name. */
export async function machineFacts(): Promise<Record<string, string>> {
  const [mounts, os] = await Promise.all(
    ['/proc/self/mounts', '/etc/os-release'].map((file) => readFile(file, 'utf8').catch(() => '')),
  );
  const types = new Set(mounts!.split('\n').map((line) => line.split(' ')[2]));
  const cgroups = [...(types.has('cgroup') ? ['v1'] : []), ...(types.has('cgroup2') ? ['v2'] : [])];
  return {
    processor: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(os!)?.[1] ?? 'unknown',
    kernel: release(),
    cgroups: cgroups.join(' and ') || 'none',
    'Node.js': process.version,
    'load at the start': loadavg()
      .map((value) => value.toFixed(2))
      .join(' '),
  };
}
