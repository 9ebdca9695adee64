import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxStats } from '@soulbox/plugin-sdk';
import type { CgroupFolder } from './cgroups.ts';

const nsPerMs = 1_000_000;
const usPerMs = 1_000;

const read = (folder: CgroupFolder | undefined, name: string): Promise<string> =>
  folder ? readFile(join(folder.path, name), 'latin1').catch(() => '') : Promise.resolve('');

function numberIn(text: string): number | null {
  return /^\d+\s*$/.test(text) ? Number(text) : null;
}

/** The number after `key`, or `key=`, in each line that has one, added up. */
function sumIn(text: string, key: RegExp): number | null {
  const found = [...text.matchAll(key)].map((match) => Number(match[1]));
  return found.length === 0 ? null : found.reduce((sum, value) => sum + value, 0);
}

const scaled = (value: number | null, by: number): number | null => (value === null ? null : value / by);

/** What everything in these cgroups uses; `null` for what none of them counts. */
export async function statsOf(folders: readonly CgroupFolder[]): Promise<SandboxStats> {
  const second = folders.find(({ version }) => version === 2);
  return { at: Date.now(), ...(second ? await ofVersion2(second) : await ofVersion1(folders)) };
}

async function ofVersion2(folder: CgroupFolder): Promise<Omit<SandboxStats, 'at'>> {
  const [cpu, memory, peak, processes, io] = await Promise.all(
    ['cpu.stat', 'memory.current', 'memory.peak', 'pids.current', 'io.stat'].map((name) => read(folder, name)),
  );
  return {
    cpuMs: scaled(sumIn(cpu!, /^usage_usec (\d+)$/gm), usPerMs),
    memoryBytes: numberIn(memory!),
    peakMemoryBytes: numberIn(peak!),
    processes: numberIn(processes!),
    readBytes: sumIn(io!, /\brbytes=(\d+)/g),
    writtenBytes: sumIn(io!, /\bwbytes=(\d+)/g),
  };
}

async function ofVersion1(folders: readonly CgroupFolder[]): Promise<Omit<SandboxStats, 'at'>> {
  const of = (controller: string) => folders.find(({ controllers }) => controllers.includes(controller));
  const [cpu, memory, peak, processes, io] = await Promise.all([
    read(of('cpuacct'), 'cpuacct.usage'),
    read(of('memory'), 'memory.usage_in_bytes'),
    read(of('memory'), 'memory.max_usage_in_bytes'),
    read(of('pids'), 'pids.current'),
    read(of('blkio'), 'blkio.throttle.io_service_bytes_recursive'),
  ]);
  return {
    cpuMs: scaled(numberIn(cpu), nsPerMs),
    memoryBytes: numberIn(memory),
    peakMemoryBytes: numberIn(peak),
    processes: numberIn(processes),
    readBytes: sumIn(io, /^\d+:\d+ Read (\d+)$/gm),
    writtenBytes: sumIn(io, /^\d+:\d+ Write (\d+)$/gm),
  };
}
