/** After so long without it, a problem is worth a line as if it were new. */
const calmMs = 600_000;

function isPowerOfTen(count: number): boolean {
  return /^10*$/.test(String(count));
}

/** Counts what goes wrong again and again, and says which times to tell: the 1st, the 10th, the 100th, and so on. */
export class Recurrence {
  private count = 0;
  private lastAt = 0;

  /** Counts one more; whether to tell. `now` in milliseconds on any clock that goes forward. */
  worthTelling(now: number = performance.now()): boolean {
    if (now - this.lastAt > calmMs) this.count = 0;
    this.lastAt = now;
    this.count += 1;
    return isPowerOfTen(this.count);
  }
}
