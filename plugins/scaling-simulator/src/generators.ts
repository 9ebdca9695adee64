import { azureTrace, duration } from './azure.ts';
import { Chance } from './chance.ts';
import { usualTenant, type Arrival, type Trace } from './trace.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export const traceKinds = ['steady', 'diurnal', 'bursty', 'cold-tail', 'azure'] as const;
export type TraceKind = (typeof traceKinds)[number];

const languages = [
  ['python', 60],
  ['javascript', 25],
  ['typescript', 10],
  ['ruby', 5],
] as const;

/** A trace begins at midnight of a Monday. */
const beginning = Date.parse('2026-01-05T00:00:00Z');

interface Shape {
  readonly days: number;
  /** Executions a second at a time since the beginning; never more than `most`. */
  readonly perSecond: (sinceMs: number) => number;
  readonly most: number;
  readonly weights?: readonly (readonly [string, number])[];
}

/** Arrivals by chance at a rate that changes: candidates at the highest rate, of which each is kept as the rate says. */
function arrive({ days, perSecond, most, weights = languages }: Shape, chance: Chance): Trace {
  const arrivals: Arrival[] = [];
  const end = days * dayMs;
  for (let since = chance.exponential(1_000 / most); since < end; since += chance.exponential(1_000 / most)) {
    if (chance.next() * most >= perSecond(since)) continue;
    const runMs = Math.min(duration.mostMs, 1_000 * chance.lognormal(duration.logMean, 1));
    arrivals.push({ at: beginning + since, language: chance.pick(weights), tenant: usualTenant, runMs });
  }
  return arrivals;
}

/** Low at night, high in working hours, half on weekends. */
function workingHours(sinceMs: number): number {
  const hour = (sinceMs % dayMs) / hourMs;
  const day = Math.floor(sinceMs / dayMs) % 7;
  const wave = Math.max(0, Math.sin(((hour - 6) / 14) * Math.PI));
  return (0.005 + 1.5 * wave ** 2) * (day >= 5 ? 0.4 : 1);
}

/** Calm, and now and then half a minute of much more: the lengths of both come by chance. */
function bursts(days: number, chance: Chance): (sinceMs: number) => number {
  const starts: [from: number, to: number][] = [];
  for (let at = chance.exponential(10 * minuteMs); at < days * dayMs;) {
    const to = at + chance.exponential(20_000);
    starts.push([at, to]);
    at = to + chance.exponential(10 * minuteMs);
  }
  let index = 0;
  return (sinceMs) => {
    while (index < starts.length - 1 && sinceMs > (starts[index]?.[1] ?? 0)) index += 1;
    const [from, to] = starts[index] ?? [Infinity, Infinity];
    return sinceMs >= from && sinceMs <= to ? 20 : 0.02;
  };
}

/** Many languages that are hardly ever asked for: each at its own mean interval, from one minute to two hours. */
function coldTail(days: number, chance: Chance): Trace {
  const all = Array.from({ length: 12 }, (_, index) => {
    const everyMs = minuteMs * 120 ** (index / 11);
    const most = 1_000 / everyMs;
    return arrive({ days, most, perSecond: () => most, weights: [[`rare-${index + 1}`, 1]] }, chance);
  });
  return all.flat().toSorted((a, b) => a.at - b.at);
}

/** A trace of a kind: the same for the same seed. `days` as usual for the kind where it is not given. */
export function makeTrace(kind: TraceKind, seed = 1, days?: number): Trace {
  const chance = new Chance(seed);
  if (kind === 'steady') return arrive({ days: days ?? 0.25, most: 2, perSecond: () => 2 }, chance);
  if (kind === 'diurnal') return arrive({ days: days ?? 3, most: 1.6, perSecond: workingHours }, chance);
  if (kind === 'bursty') return arrive({ days: days ?? 1, most: 20, perSecond: bursts(days ?? 1, chance) }, chance);
  if (kind === 'cold-tail') return coldTail(days ?? 2, chance);
  return azureTrace(days ?? 1, beginning, chance);
}
