import { readdir, readFile, readlink } from 'node:fs/promises';

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** `R`, `S`, `Z`, … */
  readonly state: string;
  /** When it began, in ticks since the machine did: with the pid, it names a process for good. */
  readonly startedAt: string;
  /** Of the process, and of the children that it has waited for. */
  readonly cpuMs: number;
}

/** The kernel tells times to programs in hundredths of a second. */
const tickMs = 10;

/** Every process of this machine. */
export async function allProcesses(): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(pids.map(processEntry));
  return entries.filter((entry) => entry !== undefined);
}

async function processEntry(pid: string): Promise<ProcessEntry | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  const end = stat.lastIndexOf(')');
  if (end < 0) return undefined;
  const fields = stat.slice(end + 2).split(' ');
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number);
  return {
    pid: Number(pid),
    parent: Number(fields[1]),
    name: stat.slice(stat.indexOf('(') + 1, end),
    state: fields[0]!,
    startedAt: fields[19]!,
    cpuMs: (user! + system! + childUser! + childSystem!) * tickMs,
  };
}

/** Those of these processes, and of all that they and theirs have started, that are there. */
export async function familyOf(roots: readonly number[]): Promise<ProcessEntry[]> {
  const all = await allProcesses();
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of all) children.set(entry.parent, [...(children.get(entry.parent) ?? []), entry]);
  const below = (entry: ProcessEntry): ProcessEntry[] => [entry, ...(children.get(entry.pid) ?? []).flatMap(below)];
  return all.filter(({ pid }) => roots.includes(pid)).flatMap(below);
}

/**
 * Processor time of whole families, what has ended included: an ended process counts for the one that waited for it. What
 * lost its parents on the way is not seen.
 */
export async function familyCpuMs(roots: readonly number[]): Promise<number> {
  return (await familyOf(roots)).reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

/** Proportional set size: shared pages count for each process by its share. 0 of one that is gone. */
export async function pssBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

/** Names the pid namespace that a process is in; `undefined` of one that is gone. */
export function pidNamespace(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/ns/pid`).catch(() => undefined);
}
