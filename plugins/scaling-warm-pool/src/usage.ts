/** How long it takes until a use counts for a third. */
const memoryMs = 60_000;

/** How much something was used lately, and how many at once. */
export class Usage {
  private readonly holdMs: number;
  private level = 0;
  private seen = 0;
  private at = 0;
  private peak = 0;
  private peakAt = 0;

  constructor(holdMs: number) {
    this.holdMs = holdMs;
  }

  /** `total` uses so far, `running` now. Answers how often a second it was used lately, and how many ran at once. */
  note(total: number, running: number, at: number): { perSecond: number; peak: number } {
    // A count that went back began anew.
    const more = total >= this.seen ? total - this.seen : total;
    const elapsedMs = this.at === 0 ? 0 : Math.max(0, at - this.at);
    this.level = this.level * Math.exp(-elapsedMs / memoryMs) + more;
    this.seen = total;
    this.at = at;
    const atOnce = Math.max(running, elapsedMs < this.holdMs ? Math.min(more, running + more) : running);
    if (atOnce >= this.peak || at - this.peakAt > this.holdMs) {
      this.peak = atOnce;
      this.peakAt = at;
    }
    return { perSecond: (this.level / memoryMs) * 1_000, peak: this.peak };
  }

  /** When it was last asked about. */
  get notedAt(): number {
    return this.at;
  }
}
