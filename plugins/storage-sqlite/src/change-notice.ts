import type { WorkerClient } from './worker-client.ts';

const pollMs = 200;

/** Tells followers that there may be new changes: at once for those of this process, by polling for others'. */
export class ChangeNotice {
  private readonly client: WorkerClient;
  private readonly watches = new Set<Watch>();
  private readonly waiting = new Set<Watch>();
  private timer: NodeJS.Timeout | undefined;

  constructor(client: WorkerClient) {
    this.client = client;
  }

  /** For a follower of some collections, or of all. */
  watch(collections: readonly string[] | null): Watch {
    const watch: Watch = new Watch(collections, {
      begin: () => {
        this.waiting.add(watch);
        if (this.waiting.size === 1) this.pollLater();
      },
      end: () => {
        this.waiting.delete(watch);
        if (this.waiting.size === 0) clearTimeout(this.timer);
      },
      leave: () => this.watches.delete(watch),
    });
    this.watches.add(watch);
    return watch;
  }

  /** This process has changed documents of these collections. */
  committed(collections: ReadonlySet<string>): void {
    for (const watch of this.watches) watch.committed(collections);
  }

  private pollLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.poll(), pollMs);
  }

  private async poll(): Promise<void> {
    // A failed poll wakes everybody: their own reading then tells what is wrong.
    const now = await this.client.request('dataVersion', null).catch(() => undefined);
    for (const watch of this.waiting) watch.polled(now);
    if (this.waiting.size > 0) this.pollLater();
  }
}

/** What one follower waits for. */
export class Watch {
  private readonly collections: readonly string[] | null;
  private readonly waits: { readonly begin: () => void; readonly end: () => void; readonly leave: () => void };
  /** What was committed here since the last look: something that concerns the follower, or else. */
  private news: 'none' | 'other' | 'own' = 'none';
  private dataVersion = 0;
  private wake: (() => void) | undefined;

  constructor(collections: readonly string[] | null, waits: Watch['waits']) {
    this.collections = collections;
    this.waits = waits;
  }

  /** To be called before the changes are read. */
  look(): void {
    this.news = 'none';
  }

  committed(collections: ReadonlySet<string>): void {
    if (this.news === 'own') return;
    this.news = this.collections?.some((name) => collections.has(name)) === false ? 'other' : 'own';
    if (this.news === 'own') this.wake?.();
  }

  /** What does not concern the follower is passed over now and then, before it is no longer kept. */
  polled(dataVersion: number | undefined): void {
    if (this.news !== 'none' || dataVersion !== this.dataVersion) this.wake?.();
  }

  /** Resolves once something may have been committed since the last look and `dataVersion`, or on abort. */
  wait(dataVersion: number, signal: AbortSignal): Promise<void> {
    if (this.news === 'own' || signal.aborted) return Promise.resolve();
    this.dataVersion = dataVersion;
    return new Promise((resolve) => {
      this.wake = () => {
        this.wake = undefined;
        signal.removeEventListener('abort', wake);
        this.waits.end();
        resolve();
      };
      const { wake } = this;
      signal.addEventListener('abort', wake);
      this.waits.begin();
    });
  }

  [Symbol.dispose](): void {
    this.waits.leave();
  }
}
