/** Says which lines of a noisy source to keep: so many a second, after a burst. */
export class LineAllowance {
  private readonly perSecond: number;
  private readonly burst: number;
  private left: number;
  private before = performance.now();
  private dropped = 0;

  constructor(perSecond = 200, burst = 1_000) {
    this.perSecond = perSecond;
    this.burst = burst;
    this.left = burst;
  }

  /** Whether the next line may be kept. */
  take(): boolean {
    const now = performance.now();
    this.left = Math.min(this.burst, this.left + ((now - this.before) / 1_000) * this.perSecond);
    this.before = now;
    if (this.left < 1) {
      this.dropped += 1;
      return false;
    }
    this.left -= 1;
    return true;
  }

  /** How many lines were not kept since this was asked for the last time. */
  omitted(): number {
    const { dropped } = this;
    this.dropped = 0;
    return dropped;
  }
}
