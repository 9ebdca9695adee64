import type { Chance } from './chance.ts';
import type { Arrival, Trace } from './trace.ts';

/**
 * A model of the functions of Azure in July 2019 with the figures published in: M. Shahrad et al., "Serverless in the
 * Wild: Characterizing and Optimizing the Serverless Workload at a Large Cloud Provider", USENIX ATC 2020. Where the
 * paper gives a curve, these are the points that it names.
 *
 * - How often applications are invoked (figure 5a): 45 % once an hour or less, 81 % once a minute or less; the rest
 *   span up to eight orders of magnitude above, here cut off so that one machine could serve them.
 * - What triggers them (figure 2): of invocations, and so of what this model draws, HTTP and queues come by chance and
 *   timers, 15.6 % of functions (29 % of applications have one), at equal intervals.
 * - How long they run (section 3.4): average execution times follow a lognormal distribution with log-mean -0.38 and
 *   log-deviation 2.36, in seconds.
 * - Over the day the load has a base of half its peak (figure 4).
 */
const applications = 60;
const timerShare = 0.29;
/** In seconds. Other traces take the log-mean from here too. */
export const duration = { logMean: -0.38, logDeviation: 2.36, mostMs: 30_000 };

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** The shares of applications, and the mean intervals, between which they are spread evenly by order of magnitude. */
const frequencies = [
  [0.45, [hourMs, dayMs]],
  [0.36, [minuteMs, hourMs]],
  [0.19, [2_000, minuteMs]],
] as const;
const timerIntervals = [
  [minuteMs, 20],
  [5 * minuteMs, 40],
  [15 * minuteMs, 15],
  [hourMs, 25],
] as const;

/** Applications stand for tenants, and each is written in one language. */
export function azureTrace(days: number, beginning: number, chance: Chance): Trace {
  const all = Array.from({ length: applications }, (_, index) => application(index, days * dayMs, chance));
  return all
    .flat()
    .map((arrival) => ({ ...arrival, at: beginning + arrival.at }))
    .toSorted((a, b) => a.at - b.at);
}

function application(index: number, lengthMs: number, chance: Chance): Arrival[] {
  const language = chance.pick([
    ['python', 50],
    ['javascript', 35],
    ['java', 10],
    ['ruby', 5],
  ]);
  const usualMs = 1_000 * chance.lognormal(duration.logMean, duration.logDeviation);
  const arrivals: Arrival[] = [];
  const arrive = (at: number) => {
    // An application's own executions differ much less than applications do.
    const runMs = Math.min(duration.mostMs, usualMs * chance.lognormal(0, 0.3));
    arrivals.push({ at, language, tenant: `app-${index + 1}`, runMs });
  };
  if (chance.next() < timerShare) {
    const everyMs = chance.pick(timerIntervals);
    for (let at = chance.next() * everyMs; at < lengthMs; at += everyMs) arrive(at);
    return arrivals;
  }
  const [least, most] = chance.pick(frequencies.map(([share, range]) => [range, share] as const));
  const everyMs = least * (most / least) ** chance.next();
  for (let at = chance.exponential(everyMs / 2); at < lengthMs; at += chance.exponential(everyMs / 2))
    if (chance.next() < dailyLoad(at)) arrive(at);
  return arrivals;
}

/** A third at night and two thirds at the peak, so that half of the candidates are kept on average. */
function dailyLoad(at: number): number {
  return 0.5 + Math.sin((at / dayMs - 0.375) * 2 * Math.PI) / 6;
}
