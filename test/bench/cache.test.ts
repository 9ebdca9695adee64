import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noRedis } from '../support/redis-server.ts';
import { benchHitRates, benchLatencies } from './cache.ts';
import { zipfTrace } from './zipf.ts';

test('a trace follows the law that it is named after, and is the same each time', () => {
  const options = { programs: 100, requests: 50_000, exponent: 1 };
  const trace = zipfTrace(options);
  assert.deepEqual(trace, zipfTrace(options));
  const share = (program: number) => trace.filter((each) => each === program).length / trace.length;
  const harmonic = Array.from({ length: 100 }, (_, n) => 1 / (n + 1)).reduce((sum, each) => sum + each);
  for (const program of [0, 1, 9]) assert.ok(Math.abs(share(program) * (program + 1) * harmonic - 1) < 0.1);
  assert.ok(trace.every((program) => program >= 0 && program < 100));
});

test(
  'memory and Redis answer at least 1.5 times as often as memory alone, where all fits in Redis only',
  { skip: noRedis },
  async () => {
    const [alone, both] = await benchHitRates({ programs: 200, requests: 1_500, exponent: 0.8, memoryEntries: 10 });
    assert.ok(alone && both && alone.hits > 0);
    assert.ok(both.ratio >= 1.5, `${both.hits} hits to ${alone.hits}`);
  },
);

test('the time of hits and misses is told', { skip: noRedis }, async () => {
  const rows = await benchLatencies(5);
  assert.equal(rows.length, 3);
  for (const { runs, p50, p95 } of rows) assert.ok(runs > 0 && p50 > 0 && p95 >= p50);
});
