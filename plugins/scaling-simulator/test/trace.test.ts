import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Agenda } from '../src/agenda.ts';
import { makeTrace, traceKinds } from '../src/generators.ts';
import { readTrace, writeTrace, type Trace } from '../src/trace.ts';

const hourMs = 3_600_000;
const perHour = (trace: Trace, from: number, to: number) =>
  trace.filter(({ at }) => at >= from && at < to).length / ((to - from) / hourMs);

describe('a trace', () => {
  it('is read in any order, with times in seconds or dates, and what is not said as usual', () => {
    assert.deepEqual(readTrace('time,language\n2.5,lisp\n1,forth\n\n'), [
      { at: 1_000, language: 'forth', tenant: 'default', runMs: 100 },
      { at: 2_500, language: 'lisp', tenant: 'default', runMs: 100 },
    ]);
    const dated = 'duration, tenant, language, time\r\n0.25, acme, lisp, 2026-01-05T00:00:01Z\r\n,,lisp,1767571202\r\n';
    assert.deepEqual(readTrace(dated), [
      { at: Date.parse('2026-01-05T00:00:01Z'), language: 'lisp', tenant: 'acme', runMs: 250 },
      { at: 1_767_571_202_000, language: 'lisp', tenant: 'default', runMs: 100 },
    ]);
  });

  it('is refused with the line where it is not one', () => {
    const bad: [text: string, message: RegExp][] = [
      ['', /line 1: there is no column ""/],
      ['time,tenant\n', /line 1: the columns time and language are needed/],
      ['time,language,colour\n', /line 1: there is no column "colour"/],
      ['time,language\n', /there is nothing in the trace/],
      ['time,language\nx,lisp\n', /line 2: "x" is not a time/],
      ['time,language\n1,lisp\n2\n', /line 3: there are 1 cells, not 2/],
      ['time,language\n1,\n', /line 2: there is no language/],
      ['time,language\n,lisp\n', /line 2: "" is not a time/],
      ['time,language,duration\n1,lisp,-1\n', /line 2: a duration cannot be negative/],
      ['time,language,duration\n1,lisp,x\n', /line 2: "x" is not a duration/],
    ];
    for (const [text, message] of bad) assert.throws(() => readTrace(text), { code: 'invalid_params', message });
  });

  it('is the same after it was written', () => {
    const trace = readTrace('time,language,tenant,duration\n1.5,lisp,acme,0.25\n2,forth,b,3\n');
    assert.deepEqual(readTrace(writeTrace(trace)), trace);
  });

  it('of each kind is the same for the same seed, and in order', () => {
    for (const kind of traceKinds) {
      const trace = makeTrace(kind, 7, 0.1);
      assert.deepEqual(makeTrace(kind, 7, 0.1), trace);
      assert.notDeepEqual(makeTrace(kind, 8, 0.1), trace);
      assert.deepEqual(
        trace,
        trace.toSorted((a, b) => a.at - b.at),
      );
      assert.ok(trace.every(({ runMs }) => runMs > 0 && runMs <= 30_000));
    }
  });

  it('of each kind has the shape that its name says', () => {
    const begin = Date.parse('2026-01-05T00:00:00Z');
    const steady = makeTrace('steady');
    assert.ok(Math.abs(perHour(steady, begin, begin + 6 * hourMs) / 7_200 - 1) < 0.05);
    const diurnal = makeTrace('diurnal', 1, 1);
    assert.ok(
      perHour(diurnal, begin + 12 * hourMs, begin + 14 * hourMs) > 50 * perHour(diurnal, begin, begin + 5 * hourMs),
    );
    const minutes = new Map<number, number>();
    for (const { at } of makeTrace('bursty', 1, 0.5))
      minutes.set(Math.floor(at / 60_000), (minutes.get(Math.floor(at / 60_000)) ?? 0) + 1);
    const counts = [...minutes.values()].toSorted((a, b) => a - b);
    assert.ok((counts.at(-1) ?? 0) > 50 * (counts[Math.floor(counts.length / 4)] ?? 0));
    const rare = makeTrace('cold-tail').map(({ language }) => language);
    assert.ok(new Set(rare).size >= 10);
    const azure = makeTrace('azure', 1, 1);
    const gaps = azure.filter(({ tenant }) => tenant === azure[0]?.tenant).map(({ at }) => at);
    assert.ok(gaps.length > 0 && new Set(azure.map(({ tenant }) => tenant)).size > 30);
    // Without a kind's usual number of days.
    assert.ok(makeTrace('azure').length > 1_000);
  });
});

describe('an agenda', () => {
  it('gives what is due in order, and what was added first first', () => {
    const agenda = new Agenda();
    assert.equal(agenda.nextAt, Infinity);
    assert.equal(agenda.take(), undefined);
    const done: number[] = [];
    const times = [5, 3, 9, 1, 3, 7, 2, 8, 1, 6];
    for (const [index, at] of times.entries()) agenda.add(at, () => done.push(at * 100 + index));
    while (agenda.nextAt < Infinity) agenda.take()?.();
    assert.deepEqual(
      done,
      done.toSorted((a, b) => a - b),
    );
    assert.equal(done.length, times.length);
  });
});
