import type { Figures, Measurements } from '../suite.ts';
import { mebibytes, short } from './format.ts';

/** What was seen of one of the figures to reach, and how far rounds lay apart. */
export interface Seen {
  readonly value: number;
  readonly text: string;
}

/** A figure to reach: no more than `bar`, and better no more than `goal`. */
interface Goal {
  readonly what: string;
  readonly bar: number;
  readonly goal: number;
  readonly unit: string;
  /** At least, rather than at most. */
  readonly atLeast?: true;
  readonly seen: Seen | string;
}

/** Figures that are measured elsewhere, by the names below. A text says why there is none. */
export type Elsewhere = Readonly<Record<'start' | 'hostCost' | 'soak', Seen | string>>;

const notHere = 'not measured here';

function ratio(of: Figures | undefined, to: Figures | undefined): Seen | string {
  if (!of || !to) return notHere;
  const rounds = of.roundMedians.map((value, index) => value / to.roundMedians[index]!);
  const value = of.alone.p50 / to.alone.p50;
  return { value, text: `${short(value)} (rounds ${short(Math.min(...rounds))}–${short(Math.max(...rounds))})` };
}

function inverse(seen: Seen | string): Seen | string {
  if (typeof seen === 'string') return seen;
  return { value: seen.value, text: `1/${short(1 / seen.value)}` };
}

function throughput(of: Figures | undefined, to: Figures | undefined): Seen | string {
  const [ours, theirs] = [of, to].map((figures) => figures?.loads.find(({ clients }) => clients === 32)?.perSecond);
  if (!ours || !theirs) return notHere;
  const value = ours.median / theirs.median;
  return { value, text: `${short(value)} (${short(ours.median)} to ${short(theirs.median)} a second)` };
}

function halfLoad(of: Figures | undefined): Seen | string {
  if (!of?.half) return notHere;
  const { times, perSecond } = of.half;
  const value = times.p95 / times.p50;
  return {
    value,
    text: `${short(value)} (${short(times.p95)} to ${short(times.p50)} ms at ${short(perSecond)} a second)`,
  };
}

function memory(of: Figures | undefined): Seen | string {
  if (!of) return notHere;
  if (!of.waiting) return 'nothing waits';
  const { bytes, count, besidesBytes = 0 } = of.waiting;
  const text = `${mebibytes(bytes / count)} (${count} wait, their zygotes ${mebibytes(besidesBytes)})`;
  return { value: bytes / count / 2 ** 20, text };
}

/** The figures to reach, on one driver. */
export function goals({ figures }: Measurements, driver: 'linux' | 'docker', elsewhere: Elsewhere): readonly Goal[] {
  const find = (system: string, language: string) =>
    figures.find((one) => one.system === system && one.language === language);
  const python = find(`SoulBox ${driver}`, 'python');
  const [bare, barePython] = [find('bare process', 'javascript'), find('bare process', 'python')];
  const context = 'not built yet';
  return [
    {
      what: 'Python one-shot p50, to bare `python3 -I -S`',
      bar: 0.5,
      goal: 0.15,
      unit: '',
      seen: ratio(python, barePython),
    },
    {
      what: 'the same, to bare `python3` as users start it',
      bar: 0.5,
      goal: 0.15,
      unit: '',
      seen: ratio(python, find('bare process, as users start it', 'python')),
    },
    {
      what: 'JavaScript one-shot p50, to bare `node`',
      bar: 0.3,
      goal: 0.1,
      unit: '',
      seen: ratio(find(`SoulBox ${driver}`, 'javascript'), bare),
    },
    {
      what: 'to `docker run` of the same program',
      bar: 1 / 50,
      goal: 1 / 120,
      unit: '',
      seen: inverse(ratio(python, find('docker run', 'python'))),
    },
    {
      what: 'executions per second, 32 clients, Python, to bare processes',
      bar: 1,
      goal: 1.7,
      unit: '',
      atLeast: true,
      seen: throughput(python, barePython),
    },
    { what: 'p95 / p50 at half load', bar: 4, goal: 2.5, unit: '', seen: halfLoad(python) },
    { what: 'memory per waiting Python sandbox (PSS)', bar: 8, goal: 3, unit: ' MiB', seen: memory(python) },
    { what: 'start of the host to first result', bar: 2000, goal: 700, unit: ' ms', seen: elsewhere.start },
    {
      what: 'hook bus, auth, validation and record, of one execution',
      bar: 1,
      goal: 0.4,
      unit: ' ms CPU',
      seen: elsewhere.hostCost,
    },
    { what: 'stateful context: create to first result', bar: 150, goal: 20, unit: ' ms', seen: context },
    { what: 'stateful context: warm cell', bar: 8, goal: 2, unit: ' ms', seen: context },
    {
      what: '100,000 executions in a row: p99 at the end to the beginning, all else flat',
      bar: 1.2,
      goal: 1.2,
      unit: '',
      seen: elsewhere.soak,
    },
  ];
}

/** `goal`, `bar`, `no`, or `–` where there is no figure. */
export function met({ bar, goal, atLeast, seen }: Goal): string {
  if (typeof seen === 'string') return '–';
  const reaches = (bound: number): boolean => (atLeast ? seen.value >= bound : seen.value <= bound);
  return reaches(goal) ? 'goal' : reaches(bar) ? 'bar' : 'no';
}
