/** The value below which this share of all values lies; 0 of none. `sorted` is in ascending order. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export const ascending = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

/** Of an even number of values, the middle between the two in the middle; 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? 0, sorted[Math.floor(middle)] ?? 0];
  return (low + high) / 2;
}

/** Times of many executions, in milliseconds. */
export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  /** Of the medians of the rounds: their own median, and the lowest and highest of them. */
  readonly rounds: Spread;
  /** All times in ascending order, for plots. */
  readonly sorted: readonly number[];
}

/** `undefined` of rounds in which nothing was measured. */
export function distribution(rounds: readonly (readonly number[])[]): Distribution | undefined {
  const sorted = ascending(rounds.flat());
  if (sorted.length === 0) return undefined;
  const medians = rounds.filter((round) => round.length > 0).map(median);
  return {
    count: sorted.length,
    p50: median(sorted),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    max: sorted.at(-1)!,
    rounds: spread(medians)!,
    sorted,
  };
}

/** Values of several rounds as one: the median, and how far the rounds lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread | undefined {
  const sorted = ascending(values);
  return sorted.length === 0 ? undefined : { median: median(sorted), min: sorted[0]!, max: sorted.at(-1)! };
}
