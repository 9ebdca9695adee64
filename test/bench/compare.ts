/** How long one call took, in microseconds, over all calls of a case. */
export interface Figures {
  readonly p50: number;
  readonly p95: number;
  /** To the first case's p50. */
  readonly ratio: number;
}

export type Cases = Readonly<Record<string, () => unknown>>;

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Calls that are too short for the clock are timed many at a time. */
async function timed(call: () => unknown, calls: number): Promise<number> {
  const begun = process.hrtime.bigint();
  for (let n = 0; n < calls; n += 1) await call();
  return Number(process.hrtime.bigint() - begun) / 1_000 / calls;
}

/**
 * Measures cases side by side: in each round each has its turn, so that what else the machine does meets all alike. The
 * first fifth of the rounds warms up and does not count.
 */
export async function compare(cases: Cases, rounds: number, callsPerRound = 20): Promise<Record<string, Figures>> {
  const times = new Map(Object.keys(cases).map((name) => [name, [] as number[]]));
  for (let round = -Math.ceil(rounds / 5); round < rounds; round += 1)
    for (const [name, call] of Object.entries(cases)) {
      const microseconds = await timed(call, callsPerRound);
      if (round >= 0) times.get(name)?.push(microseconds);
    }
  const sorted = [...times].map(([name, all]) => [name, all.toSorted((a, b) => a - b)] as const);
  const base = percentile(sorted[0]?.[1] ?? [], 0.5);
  return Object.fromEntries(
    sorted.map(([name, all]) => {
      const p50 = percentile(all, 0.5);
      return [name, { p50, p95: percentile(all, 0.95), ratio: p50 / base }];
    }),
  );
}
