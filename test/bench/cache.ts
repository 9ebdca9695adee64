/** What the caches of results are worth. Needs redis-server. */
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { startCachingHost } from '../support/caching-host.ts';
import { startRedis } from '../support/redis-server.ts';
import { startHost } from '../support/running-host.ts';
import { zipfTrace } from './zipf.ts';

/** How often one set of caches answered on the trace. */
export interface HitRateRow {
  readonly what: 'memory alone' | 'memory and Redis';
  readonly requests: number;
  readonly hits: number;
  readonly rate: number;
  /** To the rate of memory alone. */
  readonly ratio: number;
}

/** How long `executions.create` took through WebSocket, in milliseconds, by what answered. */
export interface LatencyRow {
  readonly what: 'hit in memory' | 'hit in Redis' | 'miss';
  readonly runs: number;
  readonly p50: number;
  readonly p95: number;
}

interface TraceOptions {
  readonly programs: number;
  readonly requests: number;
  /** Of Zipf's law. Traces of web caches show 0.64 to 0.83 (Breslau et al., INFOCOM 1999). */
  readonly exponent: number;
  /** How many results fit in memory. All fit in Redis. */
  readonly memoryEntries: number;
}

const usualTrace: TraceOptions = { programs: 4_000, requests: 20_000, exponent: 0.8, memoryEntries: 200 };

/**
 * The same trace through a host with one cache and through one with two. Programs are played, not run: only what the
 * caches answer counts.
 */
export async function benchHitRates(options: TraceOptions = usualTrace): Promise<readonly HitRateRow[]> {
  await using redis = await startRedis();
  const trace = zipfTrace(options);
  const memory = { maxEntries: options.memoryEntries };
  const hitsOf = async (settings: Parameters<typeof startCachingHost>[0]): Promise<number> => {
    await using host = await startCachingHost(settings);
    for (const program of trace) await host.run(`out ${program}`);
    return (await host.stats()).hits;
  };
  const alone = await hitsOf({ memory });
  const both = await hitsOf({ memory, redis: { url: redis.url } });
  const row = (what: HitRateRow['what'], hits: number): HitRateRow => {
    const { length: requests } = trace;
    return { what, requests, hits, rate: hits / requests, ratio: hits / alone };
  };
  return [row('memory alone', alone), row('memory and Redis', both)];
}

const percentile = (times: readonly number[], share: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) * share)] ?? NaN;

/**
 * A small Python program on a host in a process of its own, with real sandboxes. Memory holds one result, so that in each
 * round a new program is a miss, the same again a hit in memory, and the one of the round before a hit in Redis.
 */
export async function benchLatencies(rounds = 200): Promise<readonly LatencyRow[]> {
  await using redis = await startRedis();
  // A busy machine takes its time: what is waited for is measured.
  const plugins = `  cache-memory: { config: { maxEntries: 1 } }
  execution-cache: { config: { tierMs: 900 } }
  cache-redis: { package: '@soulbox/plugin-cache-redis', config: { url: '${redis.url}', timeoutMs: 900 } }`;
  const host = await startHost({ plugins });
  await using _home = host.home;
  const client = await connect({ url: host.url, key: host.key! });
  const times = { miss: [] as number[], memory: [] as number[], redis: [] as number[] };
  const timed = async (program: number, expected: keyof typeof times) => {
    const params = { language: 'python', code: `print(${program})`, cache: true };
    const begun = performance.now();
    const { cache } = (await client.call('executions.create', params)) as ExecutionResult;
    const tookMs = performance.now() - begun;
    // A fifth of the rounds warms up.
    if ((cache.layer ?? 'miss') === expected && program >= rounds / 5) times[expected].push(tookMs);
  };
  try {
    for (let round = 0; round < rounds * 1.2; round++) {
      await timed(round, 'miss');
      await timed(round, 'memory');
      if (round > 0) await timed(round - 1, 'redis');
    }
  } finally {
    await client.close();
    await host.end('SIGTERM');
  }
  const row = (what: LatencyRow['what'], all: readonly number[]): LatencyRow => {
    return { what, runs: all.length, p50: percentile(all, 0.5), p95: percentile(all, 0.95) };
  };
  return [row('hit in memory', times.memory), row('hit in Redis', times.redis), row('miss', times.miss)];
}
