/** What comes within so long of the one before is the same occasion. */
const quietMs = 2_000;
const remembered = 12;
const needed = 4;
/** Gaps that differ by more than this share of themselves have no rhythm. */
const tolerance = 0.2;
/** Something is looked at only now and then: what waits must do so a while before. */
const leastHalfWidthMs = 8_000;

/** Demand that comes at equal intervals, as that of timers does. */
export class Rhythm {
  private readonly gaps: number[];
  private lastAt: number | undefined;

  constructor(gaps: readonly number[] = []) {
    this.gaps = gaps.slice(-remembered);
  }

  add(at: number): void {
    const gap = this.lastAt === undefined ? undefined : at - this.lastAt;
    if (gap !== undefined && gap < quietMs) return;
    if (gap !== undefined) this.gaps.push(gap);
    if (this.gaps.length > remembered) this.gaps.shift();
    this.lastAt = at;
  }

  /** Events per second that the rhythm makes likely; 0 away from its beats and where there is none. */
  perSecond(at: number): number {
    const beat = this.beat();
    if (!beat || this.lastAt === undefined) return 0;
    const distance = Math.abs(at - (this.lastAt + beat.everyMs));
    return distance <= beat.halfWidthMs ? 1_000 / (2 * beat.halfWidthMs) : 0;
  }

  private beat(): { everyMs: number; halfWidthMs: number } | undefined {
    if (this.gaps.length < needed) return undefined;
    const sorted = this.gaps.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    const [low, everyMs, high] = [at(0.2), at(0.5), at(0.8)];
    if (high - low > everyMs * tolerance) return undefined;
    return { everyMs, halfWidthMs: Math.max(leastHalfWidthMs, high - low) };
  }

  get state(): number[] {
    return [...this.gaps];
  }
}
