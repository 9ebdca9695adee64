import { setTimeout as pause } from 'node:timers/promises';

import type { Cache, PluginContext } from '@soulbox/plugin-sdk';

/** What became of the calls of one cache since the host came up. */
export interface TierFigures {
  hits: number;
  misses: number;
  /** Calls that it failed in, or did not answer in time. */
  failures: number;
  /** Answers that were no result, or that of another key. */
  unusable: number;
}

const tellAgainMs = 60_000;

/** One cache, held to its time, whose failures are misses. */
export class Tier {
  readonly name: string;
  readonly figures: TierFigures = { hits: 0, misses: 0, failures: 0, unusable: 0 };
  private readonly cache: () => Cache | undefined;
  private readonly maxMs: number;
  private readonly log: PluginContext['log'];
  private toldAt = -Infinity;

  /** `cache` is looked up at each call: plugins come and go. */
  constructor(
    name: string,
    { cache, maxMs, log }: { cache: () => Cache | undefined; maxMs: number; log: PluginContext['log'] },
  ) {
    this.name = name;
    this.cache = cache;
    this.maxMs = maxMs;
    this.log = log;
  }

  get present(): boolean {
    return this.cache() !== undefined;
  }

  /** Never rejects. */
  get(key: string): Promise<Uint8Array | undefined> {
    return this.inTime(async (cache) => cache.get(key));
  }

  /** Never rejects. */
  async set(key: string, value: Uint8Array, ttlMs: number): Promise<void> {
    await this.inTime(async (cache) => cache.set(key, value, ttlMs));
  }

  private async inTime<T>(work: (cache: Cache) => Promise<T>): Promise<T | undefined> {
    const cache = this.cache();
    if (!cache) return undefined;
    const done = new AbortController();
    const late = async () => {
      await pause(this.maxMs, undefined, { signal: done.signal });
      throw new Error(`no answer within ${this.maxMs} ms`);
    };
    try {
      return await Promise.race([work(cache), late()]);
    } catch (thrown) {
      this.fail(thrown);
      return undefined;
    } finally {
      done.abort();
    }
  }

  private fail(thrown: unknown): void {
    this.figures.failures += 1;
    if (performance.now() - this.toldAt < tellAgainMs) return;
    this.toldAt = performance.now();
    this.log.warn(
      { err: thrown, cache: this.name, failures: this.figures.failures },
      'a cache failed and is passed over',
    );
  }
}
