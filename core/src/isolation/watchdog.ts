import { readFile } from 'node:fs/promises';
import { Silence } from './silence.ts';

export interface WatchdogOptions {
  readonly pid: number;
  /** Asks the process for a sign of life. */
  readonly ping: () => Promise<unknown>;
  /** How long it may take to give one, in milliseconds in which it could have. */
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

/** For how long its main thread has waited for a processor in all, in milliseconds; 0 where the system does not say. */
async function waitedMs(pid: number): Promise<number> {
  const schedstat = await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => '');
  return Number(schedstat.split(' ')[1] ?? 0) / 1e6;
}

/** Watches the process of an isolated plugin: that it answers, and stays within its memory and the channel's capacity. */
export class Watchdog {
  private readonly options: WatchdogOptions;
  private readonly silence = new Silence(lookMs, performance.now());
  private timer: NodeJS.Timeout | undefined;
  private heard = false;
  private seen = 0;
  private countedSince = performance.now();
  private asked = false;
  private over = false;

  constructor(options: WatchdogOptions) {
    this.options = options;
    this.lookLater();
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
    clearTimeout(this.timer);
  }

  private lookLater(): void {
    this.timer = setTimeout(() => void this.look(), lookMs).unref();
  }

  private async look(): Promise<void> {
    const { pid, silenceMs, memoryBytes } = this.options;
    // Reading gives what has arrived meanwhile the time to be heard.
    const [resident, waited] = await Promise.all([residentBytes(pid), waitedMs(pid)]);
    if (resident > memoryBytes) this.violation(`used more than ${memoryBytes} bytes of memory`);
    if (this.silence.look(performance.now(), waited, this.asked) > silenceMs)
      this.violation(`did not answer for ${silenceMs} ms`);
    if (this.over) return;
    // How long it may take to begin is another matter, and has a deadline of its own.
    if (this.heard && !this.asked) this.ask();
    this.lookLater();
  }

  private ask(): void {
    this.asked = true;
    // A process that is gone is noticed by its exit.
    this.options.ping().then(
      () => (this.asked = false),
      () => undefined,
    );
  }

  private violation(what: string): void {
    if (this.over) return;
    this.stop();
    this.options.onViolation(what);
  }
}
