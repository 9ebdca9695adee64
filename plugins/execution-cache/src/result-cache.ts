import type { ExecutionRequest, ExecutionResult } from '@soulbox/plugin-sdk';
import { now } from './clock.ts';
import type { Config } from './config.ts';
import { answer, decode, encode, type Entry } from './entry.ts';
import type { Tier } from './tier.ts';

export interface ResultFigures {
  lookups: number;
  hits: number;
  /** Results that were put into the caches. */
  kept: number;
  tooLarge: number;
}

interface Found {
  readonly entry: Entry;
  readonly bytes: Uint8Array;
  readonly ageMs: number;
}

/** Results of executions in caches that are asked one after another: what a slower one has goes into the faster ones too. */
export class ResultCache {
  readonly figures: ResultFigures = { lookups: 0, hits: 0, kept: 0, tooLarge: 0 };
  private readonly config: Config;
  private readonly tiersOf: () => readonly Tier[];

  constructor(config: Config, tiers: () => readonly Tier[]) {
    this.config = config;
    this.tiersOf = tiers;
  }

  /** An answer that is no older than the request allows. Never rejects. */
  async find(request: ExecutionRequest): Promise<ExecutionResult | undefined> {
    const { resultKey: key, cache } = request;
    if (key === undefined) return undefined;
    this.figures.lookups += 1;
    const asked = typeof cache === 'object' ? cache.maxAgeMs : undefined;
    const maxAgeMs = Math.min(asked ?? Infinity, this.config.ttlMs);
    const passed: Tier[] = [];
    for (const tier of this.tiersOf()) {
      const found = await look(tier, key, maxAgeMs);
      tier.figures[found ? 'hits' : 'misses'] += 1;
      if (found) {
        this.figures.hits += 1;
        const leftMs = this.config.ttlMs - found.ageMs;
        if (leftMs >= 1) await Promise.all(passed.map((faster) => faster.set(key, found.bytes, Math.floor(leftMs))));
        return answer(found.entry, request, tier.name, found.ageMs);
      }
      passed.push(tier);
    }
    return undefined;
  }

  /** Keeps a result that an equal run would come to again. Never rejects. */
  async keep({ resultKey: key }: ExecutionRequest, result: ExecutionResult): Promise<void> {
    if (key === undefined || result.cache.hit || !this.isLasting(result)) return;
    const bytes = encode({ key, at: now(), result });
    if (bytes.byteLength > this.config.maxResultBytes) {
      this.figures.tooLarge += 1;
      return;
    }
    this.figures.kept += 1;
    await Promise.all(this.tiersOf().map((tier) => tier.set(key, bytes, this.config.ttlMs)));
  }

  private isLasting({ verdict, truncated, error }: ExecutionResult): boolean {
    const isWhole = !truncated.stdout && !truncated.stderr && error === null;
    return isWhole && this.config.verdicts.some((lasting) => lasting === verdict);
  }
}

async function look(tier: Tier, key: string, maxAgeMs: number): Promise<Found | undefined> {
  const bytes = await tier.get(key);
  if (!bytes) return undefined;
  const entry = decode(bytes, key);
  if (!entry) {
    tier.figures.unusable += 1;
    return undefined;
  }
  // Another host's clock may be ahead.
  const ageMs = Math.max(0, Math.round(now() - entry.at));
  return ageMs > maxAgeMs ? undefined : { entry, bytes, ageMs };
}
