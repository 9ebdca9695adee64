import { readFile } from 'node:fs/promises';
import { familyCpuMs } from '../../support/processes.ts';
import { countInGroup, type CountedGroup } from './counted-group.ts';

/** What a system works with besides commands that this process starts. */
export interface Workers {
  /** Processes that stay, with all that they start. */
  readonly roots: readonly number[];
  /** Processor time of what no process here is the parent of, in milliseconds; `null` where it cannot be told. */
  readonly elsewhereMs?: () => Promise<number | null>;
}

/**
 * Counts processor time: of this process as the client of all systems and of the commands that it starts, by a cgroup that
 * it enters; of hosts and servers by their processes. To be begun when those run already.
 */
export class ProcessorClock {
  private readonly group: CountedGroup | undefined;

  private constructor(group: CountedGroup | undefined) {
    this.group = group;
  }

  static async begin(): Promise<ProcessorClock> {
    return new ProcessorClock(await countInGroup(`soulbox-bench-client-${process.pid}`, [process.pid]));
  }

  /** Whether commands whose parents do not wait for them are counted. */
  get countsOrphans(): boolean {
    return this.group !== undefined;
  }

  /** Used so far for a system, everywhere, in milliseconds. */
  async readMs({ roots, elsewhereMs }: Workers): Promise<number | null> {
    const own = this.group ? this.group.readMs() : ownMs();
    const [client, family, elsewhere] = await Promise.all([own, familyCpuMs(roots), elsewhereMs?.() ?? 0]);
    return elsewhere === null ? null : client + family + elsewhere;
  }

  async end(): Promise<void> {
    await this.group?.remove();
  }
}

/** Of this process and of children that it waited for; a grandchild that nobody waited for is missing. */
async function ownMs(): Promise<number> {
  const stat = await readFile('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 + (Number(fields[13]) + Number(fields[14])) * 10;
}
