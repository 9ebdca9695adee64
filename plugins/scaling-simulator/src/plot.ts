import type { RunResult } from './run-operation.ts';

const width = 860;
const panelHeight = 150;
const margin = { left: 70, right: 180, top: 30, gap: 45 };
const colours = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#8c564b', '#17becf', '#7f7f7f'];

type Step = RunResult['results'][number]['course'][number];

interface Line {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function panel(title: string, index: number, lines: readonly Line[]): string {
  const top = margin.top + index * (panelHeight + margin.gap);
  const plotWidth = width - margin.left - margin.right;
  const most = Math.max(1e-9, ...lines.flatMap(({ values }) => values));
  const x = (step: number, steps: number) => margin.left + (step / Math.max(1, steps - 1)) * plotWidth;
  const y = (value: number) => top + panelHeight * (1 - value / most);
  const polylines = lines.map(({ values, colour }) => {
    const points = values.map((value, step) => `${x(step, values.length).toFixed(1)},${y(value).toFixed(1)}`);
    return `<polyline fill="none" stroke="${colour}" stroke-width="1.2" points="${points.join(' ')}"/>`;
  });
  const label = (text: string, at: number) =>
    `<text x="${margin.left - 6}" y="${at}" text-anchor="end">${escape(text)}</text>`;
  const rectangle = `<rect x="${margin.left}" y="${top}" width="${plotWidth}" height="${panelHeight}" fill="none" stroke="#bbb"/>`;
  const heading = `<text x="${margin.left}" y="${top - 8}" font-weight="bold">${escape(title)}</text>`;
  return [rectangle, heading, label(most.toPrecision(3), top + 10), label('0', top + panelHeight), ...polylines].join(
    '\n',
  );
}

/** The course of a simulation as SVG: demand, what waited, and cold starts of each policy. */
export function plot({ results, from, to }: RunResult): string {
  const line = (of: (step: Step) => number): Line[] =>
    results.map(({ policy, course }, index) => ({
      name: policy,
      colour: colours[index % colours.length] ?? '#000',
      values: course.map(of),
    }));
  const [first] = results;
  const demand = {
    name: 'executions',
    colour: '#555',
    values: first?.course.map(({ executions }) => executions) ?? [],
  };
  const panels = [
    panel('executions in each step', 0, [demand]),
    panel(
      'MiB that wait',
      1,
      line(({ waitingMemory }) => waitingMemory),
    ),
    panel(
      'cold starts in each step',
      2,
      line(({ cold }) => cold),
    ),
  ];
  const legend = results.map(({ policy, coldShare }, index) => {
    const y = margin.top + panelHeight + margin.gap + 12 + index * 18;
    const name = `${policy} (${(coldShare * 100).toFixed(2)} % cold)`;
    return `<text x="${width - margin.right + 12}" y="${y}" fill="${colours[index % colours.length]}">${escape(name)}</text>`;
  });
  const height = margin.top + 3 * panelHeight + 3 * margin.gap;
  const bottom = height - margin.gap + 18;
  const times = [
    `<text x="${margin.left}" y="${bottom}">${from}</text>`,
    `<text x="${width - margin.right}" y="${bottom}" text-anchor="end">${to}</text>`,
  ];
  const style = 'font-family="sans-serif" font-size="11"';
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${style}>`;
  const ground = '<rect width="100%" height="100%" fill="#fff"/>';
  return `${[open, ground, ...panels, ...legend, ...times].join('\n')}\n</svg>\n`;
}
