import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { conductOf } from '../src/conduct.ts';
import { simulate } from '../src/simulation.ts';
import type { Arrival } from '../src/trace.ts';
import { onePlus, options } from './fixture.ts';

const run = (at: number, over: Partial<Arrival> = {}): Arrival => ({
  at: at * 1_000,
  language: 'lisp',
  tenant: 'a',
  runMs: 1_000,
  ...over,
});
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 0.01 * expected + 1e-6, `${actual} is not ${expected}`);

describe('a simulation', () => {
  it('without a pool starts everything anew, and counts what ran and the box', async () => {
    const figures = await simulate([run(0), run(10), run(20)], 'none', options());
    assert.deepEqual([figures.executions, figures.cold, figures.coldShare], [3, 3, 1]);
    assert.deepEqual(figures.waitMs, { p50: 50, p95: 150, p99: 150, max: 150 });
    near(figures.waitingMemory, 20);
    near(figures.memory - figures.waitingMemory, 1.15 + 1.05);
  });

  it('with a fixed pool has programs wait once a language is known, and another in the place of each that is taken', async () => {
    const both = [run(1), run(10), run(10.001), run(10.002), run(20)];
    const figures = await simulate(both, 'fixed:2', options());
    assert.equal(figures.cold, 2, 'the first, and the third at once');
    assert.equal((await simulate(both, 'fixed:3', options())).cold, 1);
  });

  it('gives newcomers a box that waits, with what was used lately in it', async () => {
    const newcomers = [run(1), run(10, { tenant: 'b' }), run(20, { tenant: 'c', language: 'forth' })];
    const { cold, waitMs } = await simulate(newcomers, 'refill', options());
    assert.equal(cold, 2);
    assert.deepEqual([waitMs.p50, waitMs.max], [50, 50], 'only the programs were not there');
    assert.equal((await simulate(newcomers, 'none', options())).waitMs.p50, 150);
  });

  it('takes boxes away that are idle, and lets go of programs that nobody uses', async () => {
    const figures = await simulate([run(0), run(10), run(2_000)], 'refill', options());
    assert.equal(figures.cold, 2);
    assert.ok(figures.waitingMemory < 2_010 + 65 + 2 * 700 + 2 * 80, String(figures.waitingMemory));
  });

  it('with keep-alive uses programs again until their time is over', async () => {
    const figures = await simulate([run(0), run(5), run(6.1), run(30)], 'keep-alive:10', options());
    assert.equal(figures.cold, 2);
    const parallel = await simulate([run(0), run(0.1), run(5), run(5.1), run(5.2)], 'keep-alive:60', options());
    assert.equal(parallel.cold, 3);
  });

  it('asks the policies of plugins, one after the other, and ends their trials', async () => {
    const { trials, seen } = onePlus();
    const policies = new Map([['more', trials]]);
    const burst = [run(0), run(10), run(10.001), run(10.002), run(10.003), run(200), run(300)];
    const once = await simulate(burst, 'more', options({ policies }));
    const twice = await simulate(burst, 'more+more', options({ policies }));
    assert.deepEqual([once.cold, twice.cold], [2, 1]);
    assert.equal(seen.deciders, 3);
    assert.ok(seen.gone > 0);
    await assert.rejects(trials.boxes('trial-1', { want: 0 }, {} as never), { code: 'not_found' });
  });

  it('refuses policies that are not known, and ends what it began', async () => {
    const { trials } = onePlus();
    const policies = new Map([['more', trials]]);
    for (const name of ['', 'less', 'fixed', 'fixed:x', 'fixed:-1', 'keep-alive:', 'more+less'])
      await assert.rejects(conductOf(name, policies), { code: 'invalid_params' }, name);
    for (let n = 0; n < 31; n++) await trials.begin();
    await assert.rejects(conductOf('more+more', policies), { code: 'overloaded' });
    await (await conductOf('more', policies)).end();
  });

  it('can be cancelled', async () => {
    const abort = new AbortController();
    abort.abort();
    const long = Array.from({ length: 100_000 }, (_, index) => run(index));
    await assert.rejects(simulate(long, 'refill', options({ signal: abort.signal })), { code: 'cancelled' });
  });

  it('tells its course in equal steps, of which the sums are those of the whole', async () => {
    const trace = Array.from({ length: 500 }, (_, index) => run(index * 7));
    const { course, executions, cold, waitingMemory } = await simulate(trace, 'refill', options());
    assert.equal(
      course.reduce((sum, step) => sum + step.executions, 0),
      executions,
    );
    assert.equal(
      course.reduce((sum, step) => sum + step.cold, 0),
      cold,
    );
    const stepSeconds = (10 + 499 * 7) / course.length;
    near(
      course.reduce((sum, step) => sum + step.waitingMemory * stepSeconds, 0),
      waitingMemory,
    );
    assert.equal((await simulate([], 'none', options())).coldShare, 0);
  });
});
