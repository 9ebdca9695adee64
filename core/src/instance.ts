import { randomUUID } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Store } from '@soulbox/plugin-sdk';

const collection = 'instances';
const heartbeatMs = 10_000;
/** A host whose process cannot be seen from here and that has not been heard of for so long is taken for dead. */
const deadAfterMs = 60_000;

interface InstanceRecord {
  readonly pid: number;
  /** Tells this process from a later one of the same pid; `''` where the system does not say. */
  readonly startTicks: string;
  /** Tells this boot of the machine from others. */
  readonly bootId: string;
  /** Where the pid counts: containers on one machine may share a host name, but not their pids. */
  readonly pidNamespace: string;
  readonly hostname: string;
  readonly heartbeatAt: number;
}

async function startTicks(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field, the name, may itself hold spaces and brackets.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
}

function pidNamespace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '');
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** This run of the host among those that share a store. Executions carry its id, so that a dead host's can be told. */
export class Instance {
  readonly id = randomUUID();
  private readonly store: Store;
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> = Promise.resolve();

  constructor(store: Store) {
    this.store = store;
  }

  async register(): Promise<void> {
    await this.store.define(collection, { indexes: [] });
    await this.beat();
    this.timer = setInterval(() => {
      this.beating = this.beat().catch(() => undefined);
    }, heartbeatMs);
    this.timer.unref();
  }

  private async beat(): Promise<void> {
    const value = {
      pid: process.pid,
      startTicks: await startTicks(process.pid),
      bootId: await bootId(),
      pidNamespace: await pidNamespace(),
      hostname: hostname(),
      heartbeatAt: Date.now(),
    };
    await this.store.commit([{ op: 'put', collection, id: this.id, value }]);
  }

  async unregister(): Promise<void> {
    clearInterval(this.timer);
    // A beat under way would write the record again.
    await this.beating;
    await this.store.commit([{ op: 'delete', collection, id: this.id }]);
  }

  /** Whether the host that has, or had, an id still lives. */
  async isAlive(id: string): Promise<boolean> {
    if (id === this.id) return true;
    const found = await this.store.get(collection, id);
    return found ? alive(found.value as unknown as InstanceRecord) : false;
  }

  /** Forgets hosts that are dead. */
  async sweep(): Promise<void> {
    // The rest of more than a page has its turn at the next sweep.
    const { documents } = await this.store.query(collection, {});
    for (const { id, value } of documents) {
      if (id === this.id || (await alive(value as unknown as InstanceRecord))) continue;
      await this.store.commit([{ op: 'delete', collection, id }]);
    }
  }
}

async function alive(record: InstanceRecord): Promise<boolean> {
  const heardOf = Date.now() - record.heartbeatAt < deadAfterMs;
  if (record.hostname !== hostname()) return heardOf;
  if (record.bootId !== (await bootId())) return false;
  if (record.pidNamespace !== (await pidNamespace())) return heardOf;
  if (record.startTicks !== '') return (await startTicks(record.pid)) === record.startTicks;
  return processExists(record.pid);
}
