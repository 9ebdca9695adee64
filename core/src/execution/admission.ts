import { SoulboxError } from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (error: SoulboxError) => void;
}

/** Gives the right to run to as many executions as fit, taking turns between tenants. */
export class Admission {
  private readonly settings: Pick<Config['executions'], 'concurrency' | 'queue' | 'queueMs'>;
  /** Tenants with waiting executions, the next one first. */
  private readonly queues = new Map<string, Waiting[]>();
  private running = 0;
  private waiting = 0;
  private closed = false;
  private readonly idle: (() => void)[] = [];

  constructor(settings: Pick<Config['executions'], 'concurrency' | 'queue' | 'queueMs'>) {
    this.settings = settings;
  }

  /**
   * Waits for a turn and returns how to give it back.
   * @throws overloaded when too many wait or the wait is too long, draining, cancelled when `signal` aborts.
   */
  async enter(tenant: string, signal: AbortSignal): Promise<() => void> {
    if (this.closed) throw draining();
    if (this.running >= this.settings.concurrency) await this.wait(tenant, signal);
    else this.running += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.leave();
    };
  }

  private wait(tenant: string, signal: AbortSignal): Promise<void> {
    if (this.waiting >= this.settings.queue) throw this.overloaded('too many executions are waiting');
    return new Promise<void>((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.remove(tenant, entry);
        finish();
      };
      const entry: Waiting = { admit: () => settle(resolve), refuse: (error) => settle(() => reject(error)) };
      const onAbort = () => entry.refuse(new SoulboxError('cancelled', 'cancelled while waiting for a turn'));
      const timer = setTimeout(
        () => entry.refuse(this.overloaded('waited too long for a turn')),
        this.settings.queueMs,
      );
      signal.addEventListener('abort', onAbort, { once: true });
      const queue = this.queues.get(tenant) ?? [];
      queue.push(entry);
      this.queues.set(tenant, queue);
      this.waiting += 1;
      if (signal.aborted) onAbort();
    });
  }

  private remove(tenant: string, entry: Waiting): void {
    const queue = this.queues.get(tenant) ?? [];
    const index = queue.indexOf(entry);
    if (index < 0) return;
    queue.splice(index, 1);
    this.waiting -= 1;
    if (queue.length === 0) this.queues.delete(tenant);
  }

  private leave(): void {
    const [tenant, queue] = this.queues.entries().next().value ?? [];
    const next = queue?.[0];
    if (tenant !== undefined && queue && next) {
      // To the end of the line: one tenant's thousand must not hold up another's one.
      this.queues.delete(tenant);
      this.queues.set(tenant, queue);
      next.admit();
      return;
    }
    this.running -= 1;
    if (this.running === 0) for (const resolve of this.idle.splice(0)) resolve();
  }

  private overloaded(why: string): SoulboxError {
    return new SoulboxError('overloaded', why, {
      details: { retryAfterMs: 1_000, running: this.running, waiting: this.waiting },
    });
  }

  /** Refuses who waits and who comes, and resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.closed = true;
    for (const queue of [...this.queues.values()]) for (const entry of [...queue]) entry.refuse(draining());
    if (this.running > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  get load(): { readonly running: number; readonly waiting: number } {
    return { running: this.running, waiting: this.waiting };
  }
}

function draining(): SoulboxError {
  return new SoulboxError('draining', 'the host is shutting down and accepts no new executions');
}
