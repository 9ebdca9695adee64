import { needs } from '../support/needs.ts';
import { noRedis } from '../support/redis-server.ts';
import { benchHitRates, benchLatencies } from './cache.ts';
import { benchHooks } from './hooks.ts';
import { benchHostCost } from './host-cost.ts';
import { short, table } from './report/format.ts';
import type { Elsewhere } from './report/goals.ts';
import type { Section } from './report/markdown.ts';
import { benchStart } from './start.ts';

/** A comparison beside that of systems, which gives a section of the report. */
interface SectionSource {
  readonly title: string;
  /** Why it cannot be made here, or `false`. */
  readonly skip: false | string;
  /** Takes too long for the short form. */
  readonly isLong: boolean;
  measure(): Promise<Compared>;
}

interface Compared {
  readonly text: string;
  /** Of the figures to reach. */
  readonly figures?: Partial<Elsewhere>;
}

const hookRounds = 100;
const starts = 5;
const hostCalls = 1000;

async function hooks(): Promise<Compared> {
  const cases = Object.entries(await benchHooks(hookRounds));
  const rows = cases.map(([name, { p50, p95, ratio }]) => [name, short(p50), short(p95), short(ratio)]);
  return { text: table(['microseconds a call', 'p50', 'p95', 'to a plain call'], rows) };
}

async function caches(): Promise<Compared> {
  const [rates, latencies] = [await benchHitRates(), await benchLatencies()];
  const rateRows = rates.map(({ what, requests, rate, ratio }) => [what, String(requests), short(rate), short(ratio)]);
  const latencyRows = latencies.map(({ what, runs, p50, p95 }) => [what, String(runs), short(p50), short(p95)]);
  const tables = [
    table(['a trace that fits Redis, not memory', 'requests', 'hit rate', 'to memory alone'], rateRows),
    table(['executions.create, ms', 'executions', 'p50', 'p95'], latencyRows),
  ];
  return { text: tables.join('\n\n') };
}

async function startUp(): Promise<Compared> {
  const rows = await benchStart(starts);
  const told = (ms: number | null): string => (ms === null ? '–' : short(ms));
  const text = table(
    ['ms since the process began', 'listening', 'ready', 'first result'],
    rows.map(({ start, listeningMs, readyMs, firstResultMs }) => [
      start,
      ...[listeningMs, readyMs, firstResultMs].map(told),
    ]),
  );
  const [first, second] = rows.map(({ firstResultMs }) => firstResultMs) as [number, number];
  return {
    text,
    figures: { start: { value: second, text: `${short(second)} ms, the very first ${short(first)} ms` } },
  };
}

async function hostCost(): Promise<Compared> {
  const rows = await benchHostCost(hostCalls);
  const text = table(
    ['the host alone', 'clients', 'per second', 'p50 ms', 'p95', 'CPU ms each', 'main thread'],
    rows.map(({ call, clients, perSecond, p50Ms, p95Ms, cpuUs, mainThreadUs }) => [
      ...[call, String(clients)],
      ...[perSecond, p50Ms, p95Ms, cpuUs / 1000, mainThreadUs / 1000].map(short),
    ]),
  );
  const create = rows.filter(({ call }) => call === 'executions.create');
  const [one, many] = [create.at(0), create.at(-1)].map((row) => row!.cpuUs / 1000) as [number, number];
  const told = `${short(many)} ms with ${create.at(-1)!.clients} clients, ${short(one)} ms with one`;
  return { text, figures: { hostCost: { value: many, text: told } } };
}

export const sectionSources: readonly SectionSource[] = [
  { title: 'Hooks', skip: false, isLong: false, measure: hooks },
  { title: 'Start of the host', skip: needs('python3'), isLong: true, measure: startUp },
  { title: 'Cost of the host', skip: false, isLong: true, measure: hostCost },
  { title: 'Caches', skip: noRedis, isLong: true, measure: caches },
];

/** Makes comparisons, one after the other. */
export async function writeSections(
  sources: readonly SectionSource[],
  say: (line: string) => void,
): Promise<{ readonly sections: readonly Section[]; readonly figures: Partial<Elsewhere> }> {
  const sections: Section[] = [];
  const figures: Partial<Elsewhere>[] = [];
  for (const { title, skip, measure } of sources) {
    say(`measuring: ${title}`);
    const compared: Compared = skip === false ? await measure() : { text: `Not here: ${skip}.` };
    sections.push({ title, text: compared.text });
    figures.push(compared.figures ?? {});
  }
  return { sections, figures: Object.assign({}, ...figures) as Partial<Elsewhere> };
}
