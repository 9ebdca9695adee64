import { readFile } from 'node:fs/promises';

export interface WatchdogOptions {
  readonly pid: number;
  /** Asks the process for a sign of life. */
  readonly ping: () => Promise<unknown>;
  /** How long it may take to give one, in milliseconds. */
  readonly silenceMs: number;
  /** Of all its memory, in bytes. */
  readonly memoryBytes: number;
  /** Messages within a second. */
  readonly messages?: number;
  /** Called once, with what it did. */
  readonly onViolation: (what: string) => void;
}

const lookMs = 250;

/** Memory in use, in bytes; 0 where the system does not say, or when the process is gone. */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Watches the process of an isolated plugin: that it answers, and stays within its memory and the channel's capacity. */
export class Watchdog {
  private readonly options: WatchdogOptions;
  private readonly timer: NodeJS.Timeout;
  private heard = false;
  private seen = 0;
  private countedSince = performance.now();
  private pingedAt: number | undefined;
  private over = false;

  constructor(options: WatchdogOptions) {
    this.options = options;
    this.timer = setInterval(() => void this.look(), lookMs);
    this.timer.unref();
  }

  /** Counts a message of the process. */
  message(): void {
    this.heard = true;
    this.seen += 1;
    const { messages = 50_000 } = this.options;
    if (this.seen <= messages) return;
    if (performance.now() - this.countedSince < 1_000)
      this.violation(`sent more than ${messages} messages in a second`);
    this.seen = 0;
    this.countedSince = performance.now();
  }

  stop(): void {
    this.over = true;
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const { pid, silenceMs, memoryBytes } = this.options;
    // How long it may take to begin is another matter, and has a deadline of its own.
    if (this.heard && this.pingedAt === undefined) this.ping();
    else if (this.pingedAt !== undefined && performance.now() - this.pingedAt > silenceMs)
      this.violation(`did not answer for ${silenceMs} ms`);
    if ((await residentBytes(pid)) > memoryBytes) this.violation(`used more than ${memoryBytes} bytes of memory`);
  }

  private ping(): void {
    this.pingedAt = performance.now();
    // A process that is gone is noticed by its exit.
    this.options.ping().then(
      () => (this.pingedAt = undefined),
      () => undefined,
    );
  }

  private violation(what: string): void {
    if (this.over) return;
    this.stop();
    this.options.onViolation(what);
  }
}
