import type { WorkerClient } from './worker-client.ts';

const pollMs = 200;

/** Tells followers that there may be new changes: at once for those of this process, by polling for others'. */
export class ChangeNotice {
  private readonly client: WorkerClient;
  private readonly waiting = new Map<() => void, number>();
  private timer: NodeJS.Timeout | undefined;
  /** Grows with each commit of this process. */
  local = 0;

  constructor(client: WorkerClient) {
    this.client = client;
  }

  committed(): void {
    this.local++;
    for (const wake of this.waiting.keys()) wake();
  }

  /** Resolves once something may have been committed since `local` and `dataVersion` were as given, or on abort. */
  wait(local: number, dataVersion: number, signal: AbortSignal): Promise<void> {
    if (local !== this.local || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        if (this.waiting.size === 0) clearTimeout(this.timer);
        resolve();
      };
      this.waiting.set(wake, dataVersion);
      signal.addEventListener('abort', wake);
      if (this.waiting.size === 1) this.pollLater();
    });
  }

  private pollLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.poll(), pollMs);
  }

  private async poll(): Promise<void> {
    // A failed poll wakes everybody: their own reading then tells what is wrong.
    const now = await this.client.request('dataVersion', null).catch(() => undefined);
    for (const [wake, seen] of this.waiting) if (seen !== now) wake();
    if (this.waiting.size > 0) this.pollLater();
  }
}
