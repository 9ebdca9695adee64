import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { distribution } from '../measure/statistics.ts';
import type { Figures, Measurements } from '../suite.ts';
import { short, table } from './format.ts';
import { goals, met, type Elsewhere } from './goals.ts';
import { markdown } from './markdown.ts';
import { plots } from './plots.ts';
import { barChart, lineChart } from './svg.ts';

const elsewhere: Elsewhere = { start: 'not measured here', hostCost: 'not measured here', soak: 'not measured here' };

const figures = (system: string, ms: number, more: Partial<Figures> = {}): Figures => ({
  ...{ system, language: 'python', alone: distribution([[ms, ms, ms]])!, roundMedians: [ms] },
  loads: [{ clients: 32, times: distribution([[ms]])!, perSecond: { median: 1000 / ms, min: 1, max: 2 } }],
  ...more,
});

const measured = (all: readonly Figures[]): Measurements => ({
  figures: all,
  versions: Object.fromEntries(all.map(({ system }) => [system, '1.0.0'])),
  notes: {},
  absent: [{ name: 'a peer', reason: 'needs a-peer' }],
});

/** What was reached of each goal with a figure. */
function reached(all: readonly Figures[]): Record<string, string> {
  const rows = goals(measured(all), 'linux', elsewhere).filter(({ seen }) => typeof seen !== 'string');
  return Object.fromEntries(rows.map((goal) => [goal.what, met(goal)]));
}

describe('figures to reach', () => {
  const names = {
    bare: 'Python one-shot p50, to bare `python3 -I -S`',
    docker: 'to `docker run` of the same program',
    many: 'executions per second, 32 clients, Python, to bare processes',
    half: 'p95 / p50 at half load',
    memory: 'memory per waiting Python sandbox (PSS)',
  };
  const peers = [figures('bare process', 16), figures('docker run', 300)];

  it('are reached, or their bar, or not', () => {
    const at = (ms: number, more: Partial<Figures> = {}) => reached([...peers, figures('SoulBox linux', ms, more)]);
    assert.deepEqual(at(2), { [names.bare]: 'goal', [names.docker]: 'goal', [names.many]: 'goal' });
    assert.deepEqual(at(5), { [names.bare]: 'bar', [names.docker]: 'bar', [names.many]: 'goal' });
    assert.deepEqual(at(15), { [names.bare]: 'no', [names.docker]: 'no', [names.many]: 'bar' });
    const half = { perSecond: 10, times: distribution([[1, 1, 1, 3]])! };
    const waiting = { what: 'python programs', count: 2, bytes: 20 * 2 ** 20 };
    const both = at(2, { half, waiting });
    assert.deepEqual([both[names.half], both[names.memory]], ['bar', 'no']);
  });

  it('say why there is no figure', () => {
    const rows = goals(measured([figures('SoulBox linux', 2)]), 'linux', elsewhere);
    const seen = Object.fromEntries(rows.map((goal) => [goal.what, [goal.seen, met(goal)]]));
    assert.deepEqual(seen[names.bare], ['not measured here', '–']);
    assert.deepEqual(seen[names.memory], ['nothing waits', '–']);
    assert.deepEqual(seen['stateful context: warm cell'], ['not built yet', '–']);
  });
});

describe('the report', () => {
  it('has a table of each kind, and what is not here', () => {
    const measurements = measured([figures('bare process', 16), figures('SoulBox linux', 2)]);
    const text = markdown({
      ...{ measurements, elsewhere, machine: { cores: '2' }, extent: 'One round.' },
      plots: plots(measurements),
      sections: [{ title: 'Hooks', text: 'none' }],
    });
    for (const part of ['| a peer | needs a-peer |', '| cores | 2 |', '| SoulBox linux | 2.00 |', '## Hooks'])
      assert.ok(text.includes(part), part);
    assert.ok(text.includes('| SoulBox linux | 32 | 500 |'), text);
  });

  it('numbers have three figures', () => {
    assert.deepEqual([0, 0.0123, 1.234, 12.34, 123.4, 12345].map(short), [
      '0',
      '0.012',
      '1.23',
      '12.3',
      '123',
      '12345',
    ]);
    assert.equal(table(['a', 'b'], [['1', '2']]), '| a | b |\n| --- | ---: |\n| 1 | 2 |');
  });
});

describe('plots', () => {
  it('lie within their drawing, whatever the values', () => {
    const drawn = lineChart({
      title: 'a < b',
      x: { label: 'x', scale: 'log' },
      y: { label: 'y', scale: 'linear' },
      series: [{ name: 'one', points: [[1, 0], [1, 5], [64, 9]] }, { name: 'none', points: [] }], // prettier-ignore
    });
    assert.ok(drawn.includes('a &lt; b') && !drawn.includes('NaN') && !drawn.includes('Infinity'));
    const points = [...drawn.matchAll(/points="([^"]*)"/g)].flatMap(([, list]) => list!.split(' ').filter(Boolean));
    assert.equal(points.length, 3);
    for (const [x, y] of points.map((point) => point.split(',').map(Number)))
      assert.ok(x! >= 70 && x! <= 640 && y! >= 50 && y! <= 420, `${x},${y}`);
  });

  it('bars are as long as their values', () => {
    const bars = [10, 5].map((value) => ({ name: String(value), value, text: `${value} ms` }));
    const [first, second] = [
      ...barChart({ title: 'bars', label: 'ms', bars }).matchAll(/<rect x="230".* width="([\d.]+)"/g),
    ];
    assert.ok(Math.abs(Number(first![1]) / Number(second![1]) - 2) < 0.01);
  });
});
