import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallMeter } from '../../src/measure/call-meter.ts';

function meterOf(...durations: readonly number[]): CallMeter {
  const meter = new CallMeter();
  meter.calls = durations.length;
  for (const ms of durations) meter.record(ms);
  return meter;
}

const about = (value: number, wanted: number) => assert.ok(Math.abs(value - wanted) <= wanted / 50, `${value}`);

test('percentiles and sums are right within a few percent', () => {
  const meter = meterOf(...Array.from({ length: 100 }, (_, index) => index + 1));
  meter.errors = 7;
  const figures = meter.figures();
  assert.deepEqual([figures.calls, figures.errors], [100, 7]);
  about(figures.p50Ms, 50);
  about(figures.p95Ms, 95);
  about(figures.totalMs, 5_050);
  const { p95, worst } = meter.budget(200);
  about(p95, 95 / 200);
  about(worst, 0.5);
});

test('where nothing was measured everything is nothing', () => {
  assert.deepEqual(new CallMeter().figures(), { calls: 0, errors: 0, p50Ms: 0, p95Ms: 0, totalMs: 0 });
  assert.deepEqual(new CallMeter().budget(5), { p95: 0, worst: 0 });
  assert.deepEqual(CallMeter.sum([]), new CallMeter().figures());
});

test('what takes no time or for ever is still counted', () => {
  const figures = meterOf(0, 1e12).figures();
  assert.ok(figures.p50Ms > 0 && figures.totalMs >= 3_500_000);
});

test('several meters together are as one', () => {
  const sum = CallMeter.sum([meterOf(1, 2), meterOf(3, 4), new CallMeter()]);
  assert.equal(sum.calls, 4);
  about(sum.totalMs, 10);
});
