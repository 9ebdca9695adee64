import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** How calls fared. Durations in milliseconds, within one percent. */
export interface CallFigures {
  readonly calls: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly totalMs: number;
}

/** How much of a deadline calls need: 1 is all of it. */
export interface Budget {
  readonly p95: number;
  readonly worst: number;
}

/** An hour; what takes longer counts as that. */
const longestNs = 3_600e9;

// Two digits, so that a histogram of every tap is a matter of kilobytes.
const newHistogram = () => createHistogram({ lowest: 1, highest: longestNs, figures: 2 });

/** Measures the calls of one function. */
export class CallMeter {
  calls = 0;
  errors = 0;
  /** In nanoseconds. */
  private readonly durations: RecordableHistogram = newHistogram();

  /** The figures of several taken together. */
  static sum(meters: readonly CallMeter[]): CallFigures {
    const all = new CallMeter();
    for (const { calls, errors, durations } of meters) {
      all.calls += calls;
      all.errors += errors;
      all.durations.add(durations);
    }
    return all.figures();
  }

  /** Takes down how long a call took, in milliseconds. */
  record(ms: number): void {
    this.durations.record(Math.min(longestNs, Math.max(1, Math.round(ms * 1e6))));
  }

  figures(): CallFigures {
    const { calls, errors, durations } = this;
    const ms = (percentile: number) => (durations.count === 0 ? 0 : durations.percentile(percentile) / 1e6);
    const totalMs = durations.count === 0 ? 0 : (durations.mean * durations.count) / 1e6;
    return { calls, errors, p50Ms: ms(50), p95Ms: ms(95), totalMs };
  }

  /** The share of a deadline of so many milliseconds that calls needed. */
  budget(timeoutMs: number): Budget {
    const { durations } = this;
    if (durations.count === 0) return { p95: 0, worst: 0 };
    const share = (ns: number) => ns / 1e6 / timeoutMs;
    return { p95: share(durations.percentile(95)), worst: share(durations.max) };
  }
}
