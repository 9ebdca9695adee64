import { readdirSync, readFileSync } from 'node:fs';

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

/** The pids of all living processes below one, in no order. */
export function descendants(ancestor: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? parentOf(Number(name)) : undefined;
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === ancestor || isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow);
}

/** Waits until none of these processes lives. @throws Error naming those that live on after ten seconds. */
export async function allGone(pids: readonly number[]): Promise<void> {
  let living = pids;
  for (let tries = 0; tries < 200 && living.length > 0; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    living = living.filter((pid) => parentOf(pid) !== undefined);
  }
  if (living.length > 0) throw new Error(`still alive: ${living.join(' ')}`);
}

/** Sends a signal to each of them that still lives: with the first, others may end by themselves. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
