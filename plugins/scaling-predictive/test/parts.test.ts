import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Contest } from '../src/contest.ts';
import { Demand } from '../src/demand.ts';
import { Need, poissonAtLeast } from '../src/need.ts';
import { Rate } from '../src/rate.ts';
import { Rhythm } from '../src/rhythm.ts';
import { Season } from '../src/season.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const near = (actual: number | null | undefined, expected: number, share = 0.1) =>
  assert.ok(Math.abs((actual ?? NaN) - expected) <= expected * share, `${actual} is not about ${expected}`);

describe('a rate', () => {
  it('is that of the events, and goes down when there are none', () => {
    const rate = new Rate(10_000);
    for (let at = 0; at < 100_000; at += 500) rate.add(1, at);
    near(rate.perSecond(100_000), 2);
    assert.ok(rate.perSecond(140_000) < 0.05);
  });
});

describe('a season', () => {
  it('knows a time of the period once it has been seen whole, and goes from one to the next without a step', () => {
    const season = new Season(dayMs, 24);
    assert.equal(season.perSecond(0), undefined);
    for (let at = 0; at < 2 * dayMs; at += 60_000) season.add(at % dayMs < 12 * hourMs ? 60 : 0, at);
    assert.equal(season.perSecond(2 * dayMs + 6 * hourMs), 1);
    assert.equal(season.perSecond(2 * dayMs + 18 * hourMs), 0);
    near(season.perSecond(2 * dayMs + 12 * hourMs), 0.5);
  });

  it('learns from many rounds, the latest most, and time without events is a count of none', () => {
    const season = new Season(dayMs, 24);
    season.add(1, 0);
    for (const [day, count] of [3_600, 7_200, 0, 0].entries()) {
      season.add(count, day * dayMs + 5.5 * hourMs);
      season.add(0, day * dayMs + 8.5 * hourMs);
    }
    const rate = season.perSecond(5.5 * hourMs) ?? NaN;
    assert.ok(rate > 0 && rate < 1.5, String(rate));
    assert.equal(season.perSecond(2.5 * hourMs), 0);
  });

  it('goes on from what it was, unless that was of another shape', () => {
    const season = new Season(dayMs, 24);
    for (let at = 0; at < 2 * dayMs; at += 60_000) season.add(6, at);
    assert.equal(new Season(dayMs, 24, season.state).perSecond(hourMs), 0.1);
    assert.equal(new Season(dayMs, 48, season.state).perSecond(hourMs), undefined);
  });
});

describe('a rhythm', () => {
  it('makes the next beat likely when it is due, and no other time', () => {
    const rhythm = new Rhythm();
    for (let beat = 0; beat < 6; beat++) for (const more of [0, 300]) rhythm.add(beat * 600_000 + more);
    assert.ok(rhythm.perSecond(3_600_000) > 0.05);
    assert.equal(rhythm.perSecond(3_300_000), 0);
    const again = new Rhythm(rhythm.state);
    again.add(7_200_000);
    assert.ok(again.perSecond(7_800_000) > 0.05);
  });

  it('is none where the gaps differ, or few are known', () => {
    const rhythm = new Rhythm();
    for (const at of [0, 60_000, 300_000, 310_000, 900_000, 1_000_000]) rhythm.add(at);
    for (let at = 1_000_000; at < 2_000_000; at += 5_000) assert.equal(rhythm.perSecond(at), 0);
    assert.equal(new Rhythm([1]).perSecond(0), 0);
  });
});

describe('a need', () => {
  it('is how many come while one is replaced', () => {
    const need = new Need(100);
    assert.deepEqual(need.add(2, 0), [1, 2]);
    assert.deepEqual(need.add(1, 50), [3]);
    assert.deepEqual(need.add(0, 60), []);
    assert.deepEqual(need.add(1, 1_000), [1]);
    near(need.atLeast(2, 0), 0.5);
    near(need.atLeast(3, 0), 0.25);
    assert.equal(need.atLeast(4, 0), 0);
    near(new Need(100, need.state).atLeast(3, 0), 0.25);
  });

  it('is at least what chance makes of the rate', () => {
    near(poissonAtLeast(1, 1), 1 - Math.exp(-1));
    near(poissonAtLeast(2, 1), 1 - 2 * Math.exp(-1));
    assert.equal(poissonAtLeast(0, 5), 1);
    near(new Need(1_000).atLeast(2, 1), 1 - Math.exp(-1));
  });
});

describe('demand', () => {
  it('is expected by the time of day, at the level of today', () => {
    const demand = new Demand(100);
    const at9 = 3 * dayMs + 9 * hourMs;
    for (let at = 0; at < at9 - 60_000; at += 30_000) {
      const hour = (at % dayMs) / hourMs;
      demand.add(hour >= 9 && hour < 17 ? 30 : 1, at);
      if (at === 3 * dayMs + 6 * hourMs) near(demand.forecast(at).seasonal, 1 / 30, 0.3);
    }
    const soon = demand.forecast(at9 + 10 * 60_000).seasonal ?? 0;
    assert.ok(soon > 0.2, `it is foreseen before it is there: ${soon}`);
    const known = new Demand(100, demand.state).forecast(at9 + 30 * 60_000);
    assert.ok((known.seasonal ?? 0) > 0.2, 'and after a restart');
  });

  it('is what just happened where nothing is known of the time', () => {
    const demand = new Demand(100);
    for (let n = 0; n < 100; n++) demand.add(1, n * 100);
    const { perSecond, seasonal, burst } = demand.forecast(10_000);
    assert.equal(seasonal, null);
    assert.equal(perSecond, burst);
    assert.ok(burst > 5);
  });
});

describe('a contest', () => {
  it('is lost by who costs more, and can be won again', () => {
    const contest = new Contest(100, 1.1);
    contest.hold(0, 1);
    for (let n = 0; n < 20; n++) contest.judge([1], n * 1_000);
    assert.equal(contest.isLost, true);
    contest.hold(1, 10);
    contest.judge([], 20_000);
    contest.judge([], 3_600_000);
    assert.equal(contest.isLost, false);
    assert.ok(contest.costs.own < contest.costs.plain);
  });
});
