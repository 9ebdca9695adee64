import { SoulboxError } from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';

export type AdmissionSettings = Pick<
  Config['executions'],
  'concurrency' | 'tenantConcurrency' | 'weights' | 'queue' | 'queueMs'
>;

/** What one tenant may have of all turns, unless the configuration says otherwise: another finds one free. */
const tenantShare = 7 / 8;

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (error: SoulboxError) => void;
}

interface Line {
  readonly waiting: Waiting[];
  /** How often it may still go first before it goes to the end. */
  turns: number;
}

/** How much one more execution changes what is thought to be their usual time. */
const learning = 0.1;
const retryMs = { least: 100, usual: 1_000, most: 60_000 };

/**
 * Gives the right to run to as many executions as fit, taking turns between tenants. None can fill the host, nor the
 * queue, to the others' harm: where there is no more room, who has the most waiting gives way.
 */
export class Admission {
  private readonly settings: AdmissionSettings;
  /** Tenants with waiting executions, the next one first. */
  private readonly lines = new Map<string, Line>();
  private readonly runningOf = new Map<string, number>();
  private running = 0;
  private passing = 0;
  private waiting = 0;
  /** How long an execution has its turn, in milliseconds; `undefined` until one has ended. */
  private usualMs: number | undefined;
  private closed = false;
  private readonly idle: (() => void)[] = [];

  constructor(settings: AdmissionSettings) {
    this.settings = settings;
  }

  /**
   * Waits for a turn and returns how to give it back.
   * @throws overloaded when too many wait or the wait is too long, draining, cancelled when `signal` aborts.
   */
  async enter(tenant: string, signal: AbortSignal): Promise<() => void> {
    if (this.closed) throw draining();
    if (this.hasRoomFor(tenant)) this.count(tenant, 1);
    else await this.wait(tenant, signal);
    const begun = performance.now();
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const tookMs = performance.now() - begun;
      this.usualMs = this.usualMs === undefined ? tookMs : this.usualMs + learning * (tookMs - this.usualMs);
      this.count(tenant, -1);
      this.admitNext();
    };
  }

  private hasRoomFor(tenant: string): boolean {
    const { concurrency, tenantConcurrency = Math.ceil(concurrency * tenantShare) } = this.settings;
    return this.running < concurrency && (this.runningOf.get(tenant) ?? 0) < tenantConcurrency;
  }

  private count(tenant: string, change: 1 | -1): void {
    this.running += change;
    const running = (this.runningOf.get(tenant) ?? 0) + change;
    if (running > 0) this.runningOf.set(tenant, running);
    else this.runningOf.delete(tenant);
  }

  /**
   * Lets in what runs nothing and so needs no turn: only the end of the host waits for it. Returns how to leave again.
   * @throws draining
   */
  pass(): () => void {
    if (this.closed) throw draining();
    this.passing += 1;
    return () => {
      this.passing -= 1;
      this.tellIdle();
    };
  }

  private wait(tenant: string, signal: AbortSignal): Promise<void> {
    if (this.waiting >= this.settings.queue) this.makePlaceFor(tenant);
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
      const line = this.lines.get(tenant) ?? { waiting: [], turns: this.weightOf(tenant) };
      line.waiting.push(entry);
      this.lines.set(tenant, line);
      this.waiting += 1;
      if (signal.aborted) onAbort();
    });
  }

  private weightOf(tenant: string): number {
    const { weights } = this.settings;
    return (Object.hasOwn(weights, tenant) ? weights[tenant] : undefined) ?? 1;
  }

  /** @throws overloaded when nobody has more waiting, for his weight, than `tenant` would have. */
  private makePlaceFor(tenant: string): void {
    const share = (name: string, more: number) =>
      ((this.lines.get(name)?.waiting.length ?? 0) + more) / this.weightOf(name);
    let greediest = tenant;
    let most = share(tenant, 1);
    for (const name of this.lines.keys()) if (share(name, 0) > most) [greediest, most] = [name, share(name, 0)];
    const error = this.overloaded('too many executions are waiting');
    const last = greediest === tenant ? undefined : this.lines.get(greediest)?.waiting.at(-1);
    if (!last) throw error;
    last.refuse(error);
  }

  private remove(tenant: string, entry: Waiting): void {
    const line = this.lines.get(tenant);
    const index = line?.waiting.indexOf(entry) ?? -1;
    if (!line || index < 0) return;
    line.waiting.splice(index, 1);
    this.waiting -= 1;
    if (line.waiting.length === 0) this.lines.delete(tenant);
  }

  private admitNext(): void {
    for (const [tenant, line] of this.lines) {
      const next = line.waiting[0];
      if (!next || !this.hasRoomFor(tenant)) continue;
      line.turns -= 1;
      if (line.turns <= 0) {
        // To the end of the line: one tenant's thousand must not hold up another's one.
        line.turns = this.weightOf(tenant);
        this.lines.delete(tenant);
        this.lines.set(tenant, line);
      }
      this.count(tenant, 1);
      next.admit();
      return;
    }
    this.tellIdle();
  }

  private get busy(): boolean {
    return this.running + this.passing > 0;
  }

  private tellIdle(): void {
    if (!this.busy) for (const resolve of this.idle.splice(0)) resolve();
  }

  private overloaded(why: string): SoulboxError {
    const { running, waiting } = this;
    // When all that wait now will have had their turn.
    const ms =
      this.usualMs === undefined
        ? retryMs.usual
        : Math.round((this.usualMs * (waiting + 1)) / this.settings.concurrency);
    const retryAfterMs = Math.min(retryMs.most, Math.max(retryMs.least, ms));
    return new SoulboxError('overloaded', why, { details: { retryAfterMs, running, waiting } });
  }

  /** Refuses who waits and who comes, and resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { waiting } of [...this.lines.values()]) for (const entry of [...waiting]) entry.refuse(draining());
    if (this.busy) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  get load(): { readonly running: number; readonly waiting: number } {
    return { running: this.running, waiting: this.waiting };
  }
}

function draining(): SoulboxError {
  return new SoulboxError('draining', 'the host is shutting down and accepts no new executions');
}
