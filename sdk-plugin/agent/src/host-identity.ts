import { readFileSync, readlinkSync } from 'node:fs';

/**
 * Marks what a host makes outside its own data folder with the process that made it: pid, start time and pid
 * namespace, so that a later host can tell what a dead one left behind from what a living one uses.
 */
export interface HostIdentity {
  /** `h<pid>-<start time>-<pid namespace>`. */
  readonly label: string;
  /** Whether the host with this label is certainly gone. A host that cannot be seen from here is not. */
  isGone(label: string): boolean;
}

/** States of processes that do nothing any more. */
const ended = ['Z', 'X'];

const labelPattern = /^h(\d{1,10})-(\d{1,20})-(\d{1,20})$/;

/**
 * When a process was started, in ticks since the machine was: with the pid it names one process and no other.
 * `undefined` where there is none, or only what nobody has waited for yet. It is the 22nd field of /proc/PID/stat; the second is in brackets and may hold anything.
 */
export function startTime(proc: string, pid: string): string | undefined {
  try {
    const stat = readFileSync(`${proc}/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ended.includes(fields[0]!) ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** `proc` is where the kernel's process file system is. @throws Error where it is not Linux's. */
export function hostIdentity(proc = '/proc'): HostIdentity {
  const pid = String(process.pid);
  const namespace = /\[(\d+)\]/.exec(readlinkSync(`${proc}/self/ns/pid`))?.[1] ?? '0';
  const started = startTime(proc, pid);
  if (started === undefined) throw new Error('the start time of this process cannot be read');
  return {
    label: `h${pid}-${started}-${namespace}`,
    isGone(label) {
      const match = labelPattern.exec(label);
      if (!match || match[3] !== namespace) return false;
      return startTime(proc, match[1]!) !== match[2];
    },
  };
}
