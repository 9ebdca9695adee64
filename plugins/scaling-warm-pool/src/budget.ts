/** One group of things that wait: a pool of boxes, or programs of one kind in one box. */
export interface Holding {
  readonly key: string;
  /** How many should wait. */
  readonly want: number;
  /** Of each. */
  readonly bytes: number;
  /** What each byte of it is worth: the most valuable stay. `Infinity` is never given up. */
  readonly worth: number;
  /** Now, in milliseconds. */
  readonly at: number;
}

interface Grant {
  readonly bytes: number;
  /** What it could not get yet. */
  readonly missing: number;
  readonly worth: number;
  readonly askedAt: number;
}

/** A group that nobody has asked about for so long is gone. */
const forgottenMs = 60_000;

/**
 * Shares out memory. What is granted together never exceeds the budget: who needs more than is free gets what is free,
 * and the rest when the least valuable others have given back, which each does the next time it asks.
 */
export class Budget {
  private readonly total: number;
  private readonly grants = new Map<string, Grant>();
  private sweptAt = 0;

  constructor(totalBytes: number) {
    this.total = totalBytes;
  }

  get usedBytes(): number {
    return sum(this.grants.values(), ({ bytes }) => bytes);
  }

  /** How many of what is wanted may wait. */
  ask({ key, want, bytes, worth, at }: Holding): number {
    this.forgetOld(at);
    this.grants.delete(key);
    const others = [...this.grants.values()];
    const lesser = others.filter((grant) => grant.worth < worth);
    const greater = others.filter((grant) => grant.worth > worth);
    // What others miss is taken from those that are worth less than this one first.
    const owed = Math.max(0, sum(greater, ({ missing }) => missing) - sum(lesser, (grant) => grant.bytes));
    const free = this.total - this.usedBytes - owed;
    const count = Math.min(want, Math.max(0, Math.floor(free / bytes)));
    this.grants.set(key, { bytes: count * bytes, missing: (want - count) * bytes, worth, askedAt: at });
    return count;
  }

  drop(matches: (key: string) => boolean): void {
    for (const key of this.grants.keys()) if (matches(key)) this.grants.delete(key);
  }

  private forgetOld(at: number): void {
    if (at - this.sweptAt < forgottenMs / 4) return;
    this.sweptAt = at;
    for (const [key, { askedAt }] of this.grants) if (at - askedAt > forgottenMs) this.grants.delete(key);
  }
}

function sum(grants: Iterable<Grant>, of: (grant: Grant) => number): number {
  let total = 0;
  for (const grant of grants) total += of(grant);
  return total;
}
