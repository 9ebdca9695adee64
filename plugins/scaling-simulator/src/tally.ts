const buckets = 240;
const mebibyte = 1024 * 1024;

/** What a policy did with a trace. Times in milliseconds, memory in MiB. */
export interface Figures {
  readonly executions: number;
  /** Those that had to start a program, or a box, of their own, and their share. */
  readonly cold: number;
  readonly coldShare: number;
  /** From the request until the program has started. */
  readonly waitMs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number };
  /** MiB times seconds: of what waited, and of all, with what ran. */
  readonly waitingMemory: number;
  readonly memory: number;
  /** Over the trace in equal steps: executions, cold starts, and MiB that waited on average. */
  readonly course: readonly { readonly executions: number; readonly cold: number; readonly waitingMemory: number }[];
}

/** Adds up what happens in a simulation. */
export class Tally {
  private readonly from: number;
  private readonly stepMs: number;
  private readonly waits: number[] = [];
  private readonly course = Array.from({ length: buckets }, () => ({ executions: 0, cold: 0, waiting: 0 }));
  private cold = 0;
  private waitingBytes = 0;
  private runningBytes = 0;
  private waitingMemory = 0;
  private runningMemory = 0;
  private at: number;

  constructor(from: number, to: number) {
    this.from = from;
    this.at = from;
    this.stepMs = Math.max(1, (to - from) / buckets);
  }

  execution(at: number, waitMs: number, isCold: boolean): void {
    this.waits.push(waitMs);
    const step = this.course[Math.min(buckets - 1, Math.floor((at - this.from) / this.stepMs))]!;
    step.executions += 1;
    if (!isCold) return;
    this.cold += 1;
    step.cold += 1;
  }

  /** More or less memory is taken from now on. */
  waiting(bytes: number): void {
    this.waitingBytes += bytes;
  }

  running(bytes: number): void {
    this.runningBytes += bytes;
  }

  /** Time passes. */
  passTo(at: number): void {
    const scale = 1 / 1_000 / mebibyte;
    while (this.at < at) {
      const steps = (this.at - this.from) / this.stepMs;
      let index = Math.min(buckets - 1, Math.floor(steps));
      // The end of a step may be, by rounding, where it has come to.
      if (index < buckets - 1 && this.endOf(index) <= this.at) index += 1;
      const end = index === buckets - 1 ? at : Math.min(at, this.endOf(index));
      const ms = end - this.at;
      this.course[index]!.waiting += this.waitingBytes * ms * scale;
      this.waitingMemory += this.waitingBytes * ms * scale;
      this.runningMemory += this.runningBytes * ms * scale;
      this.at = end;
    }
  }

  private endOf(index: number): number {
    return this.from + (index + 1) * this.stepMs;
  }

  figures(): Figures {
    const sorted = Float64Array.from(this.waits).toSorted();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    const executions = this.waits.length;
    return {
      executions,
      cold: this.cold,
      coldShare: executions === 0 ? 0 : this.cold / executions,
      waitMs: { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? 0 },
      waitingMemory: this.waitingMemory,
      memory: this.waitingMemory + this.runningMemory,
      course: this.course.map((step) => ({
        executions: step.executions,
        cold: step.cold,
        waitingMemory: (step.waiting / this.stepMs) * 1_000,
      })),
    };
  }
}
