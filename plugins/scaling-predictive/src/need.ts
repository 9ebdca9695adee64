/** More at once are counted as so many. */
const most = 64;
/** Of so many arrivals each, the later count more. */
const memory = 300;

/**
 * How many are wanted at once: for each arrival, how many came within the time that it takes to replace one. As many had
 * to wait ready for it to find one.
 */
export class Need {
  private readonly replaceMs: number;
  /** For each number, the share of arrivals for which at least as many had to wait. */
  private readonly tails: number[];
  private readonly recent: { at: number; count: number }[] = [];

  constructor(replaceMs: number, tails: readonly number[] = []) {
    this.replaceMs = replaceMs;
    this.tails = Array.from({ length: most }, (_, index) => tails[index] ?? 0);
  }

  /** Notes `count` arrivals. Answers, for each, how many had to wait ready for it to find one. */
  add(count: number, at: number): number[] {
    while (this.recent[0] && at - this.recent[0].at >= this.replaceMs) this.recent.shift();
    const before = this.recent.reduce((sum, one) => sum + one.count, 0);
    if (count > 0) this.recent.push({ at, count });
    const needs: number[] = [];
    for (let n = 1; n <= Math.min(count, most); n++) needs.push(Math.min(most, before + n));
    for (const need of needs) this.learn(need);
    return needs;
  }

  private learn(need: number): void {
    for (let index = 0; index < most; index++)
      this.tails[index] = (this.tails[index] ?? 0) * (1 - 1 / memory) + (index < need ? 1 / memory : 0);
  }

  /** The share of arrivals that find one only where at least `count` wait, when `perSecond` come by chance or as they did. */
  atLeast(count: number, perSecond: number): number {
    const all = this.tails[0] ?? 0;
    const seen = all > 0 ? (this.tails[count - 1] ?? 0) / all : 0;
    return Math.max(seen, poissonAtLeast(count - 1, (perSecond * this.replaceMs) / 1_000));
  }

  get state(): number[] {
    return this.tails.map((share) => Number(share.toPrecision(4)));
  }
}

/** The chance of at least `count` events where `mean` are expected. */
export function poissonAtLeast(count: number, mean: number): number {
  let term = Math.exp(-mean);
  let below = 0;
  for (let n = 0; n < count; n++) {
    below += term;
    term *= mean / (n + 1);
  }
  return Math.max(0, 1 - below);
}
