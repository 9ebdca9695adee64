import type { LiveExecution } from './live.ts';

/** Running executions, and as many settled ones as fit the budget, so that clients that come back miss nothing. */
export class ReplayWindow {
  private readonly running = new Map<string, LiveExecution>();
  private readonly settled = new Map<string, LiveExecution>();
  private readonly maxBytes: number;
  private settledBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get(id: string): LiveExecution | undefined {
    return this.running.get(id) ?? this.settled.get(id);
  }

  start(live: LiveExecution): void {
    this.running.set(live.request.id, live);
  }

  /** Keeps it as settled and forgets the oldest beyond the budget. */
  settle(live: LiveExecution): void {
    this.running.delete(live.request.id);
    live.shed();
    this.settled.set(live.request.id, live);
    this.settledBytes += cost(live);
    for (const [id, oldest] of this.settled) {
      if (this.settledBytes <= this.maxBytes) break;
      this.settled.delete(id);
      this.settledBytes -= cost(oldest);
    }
  }

  /** Takes a running one out that could not be recorded. */
  drop(live: LiveExecution): void {
    this.running.delete(live.request.id);
  }

  get active(): readonly LiveExecution[] {
    return [...this.running.values()];
  }
}

/** About what a settled execution takes besides its output. */
const fixedBytes = 8_192;

/** Its output, as events and in the result, and the rest of it. */
function cost({ log, result }: LiveExecution): number {
  return log.bytes + result.stdout.length + result.stderr.length + fixedBytes;
}
