/** Points of one line, or the height of one bar, with the name that the legend gives it. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

export interface Axis {
  readonly label: string;
  readonly scale: 'linear' | 'log';
}

export interface LineChart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

export interface BarChart {
  readonly title: string;
  /** Of the values. */
  readonly label: string;
  readonly bars: readonly { readonly name: string; readonly value: number; readonly text: string }[];
}

const width = 900;
const height = 480;
const area = { left: 70, right: 640, top: 50, bottom: 420 };
const colours = [
  '#1b6ca8',
  '#d1495b',
  '#2e8b57',
  '#edae49',
  '#6a4c93',
  '#7a7a7a',
  '#00798c',
  '#c8553d',
  '#b5179e',
  '#3d348b',
  '#588157',
];
const colour = (index: number): string => colours[index % colours.length]!;

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const text = (x: number, y: number, content: string, more = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escape(content)}</text>`;
const stroke = (x1: number, y1: number, x2: number, y2: number, look: string): string =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" ${look}/>`;

function drawing(title: string, parts: readonly string[], tall = height): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${tall}" font-family="sans-serif" font-size="12">`;
  const ground = `<rect width="${width}" height="${tall}" fill="white"/>`;
  return [head, ground, text(area.left, 28, title, 'font-size="16"'), ...parts, '</svg>', ''].join('\n');
}

interface Scale {
  /** Where a value lies, from 0 to 1. */
  place(value: number): number;
  readonly ticks: readonly number[];
}

/** From the least to the greatest value: whole powers of ten, or round steps from 0. */
function scaleOf({ scale }: Axis, values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0);
  if (scale === 'log' && positive.length > 0) {
    const [low, high] = [Math.min(...positive), Math.max(...positive)].map(Math.log10) as [number, number];
    const [from, to] = [Math.floor(low), Math.max(Math.floor(low) + 1, Math.ceil(high))];
    const ticks = Array.from({ length: to - from + 1 }, (_, n) => 10 ** (from + n));
    return { place: (value) => (Math.log10(Math.max(value, 10 ** from)) - from) / (to - from), ticks };
  }
  const most = Math.max(...values, Number.MIN_VALUE);
  const magnitude = 10 ** Math.floor(Math.log10(most));
  const step = [0.2, 0.5, 1, 2].map((factor) => factor * magnitude).find((size) => most / size <= 6) ?? magnitude * 2;
  const top = Math.ceil(most / step) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, n) => n * step);
  return { place: (value) => value / top, ticks };
}

const shown = (value: number): string => (value >= 1000 ? `${value / 1000}k` : String(Number(value.toPrecision(3))));

/** Lines over two axes, with a legend. */
export function lineChart({ title, x, y, series }: LineChart): string {
  const points = series.flatMap((one) => one.points);
  const across = scaleOf(
    x,
    points.map(([value]) => value),
  );
  const up = scaleOf(
    y,
    points.map(([, value]) => value),
  );
  const atX = (value: number): number => area.left + across.place(value) * (area.right - area.left);
  const atY = (value: number): number => area.bottom - up.place(value) * (area.bottom - area.top);
  const grid = 'stroke="#dddddd"';
  return drawing(title, [
    ...across.ticks.flatMap((tick) => [
      stroke(atX(tick), area.top, atX(tick), area.bottom, grid),
      text(atX(tick), area.bottom + 18, shown(tick), 'text-anchor="middle"'),
    ]),
    ...up.ticks.flatMap((tick) => [
      stroke(area.left, atY(tick), area.right, atY(tick), grid),
      text(area.left - 6, atY(tick) + 4, shown(tick), 'text-anchor="end"'),
    ]),
    text((area.left + area.right) / 2, area.bottom + 42, x.label, 'text-anchor="middle"'),
    text(
      18,
      (area.top + area.bottom) / 2,
      y.label,
      `text-anchor="middle" transform="rotate(-90 18 ${(area.top + area.bottom) / 2})"`,
    ),
    ...series.flatMap(({ name, points: own }, index) => {
      const path = own.map(([px, py]) => `${atX(px).toFixed(1)},${atY(py).toFixed(1)}`).join(' ');
      const legend = area.top + 10 + index * 20;
      return [
        `<polyline points="${path}" fill="none" stroke="${colour(index)}" stroke-width="2"/>`,
        stroke(area.right + 16, legend, area.right + 40, legend, `stroke="${colour(index)}" stroke-width="3"`),
        text(area.right + 46, legend + 4, name),
      ];
    }),
  ]);
}

/** One bar below the other, each with its value. */
export function barChart({ title, label, bars }: BarChart): string {
  const [left, row] = [230, 26];
  const scale = scaleOf(
    { label, scale: 'linear' },
    bars.map(({ value }) => value),
  );
  const parts = bars.flatMap(({ name, value, text: told }, index) => {
    const top = area.top + index * row;
    const long = Math.max(1, scale.place(value) * (width - left - 150));
    return [
      text(left - 8, top + 15, name, 'text-anchor="end"'),
      `<rect x="${left}" y="${top}" width="${long.toFixed(1)}" height="${row - 8}" fill="${colour(index)}"/>`,
      text(left + long + 6, top + 15, told),
    ];
  });
  const tall = area.top + bars.length * row + 40;
  return drawing(title, [...parts, text(left, tall - 14, label)], tall);
}
