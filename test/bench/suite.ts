import { setTimeout as sleep } from 'node:timers/promises';
import { availableParallelism } from 'node:os';
import { allPrograms } from '../languages/programs/all.ts';
import { closedLoop, openLoop, timed } from './measure/load.ts';
import { ProcessorClock } from './measure/processor-time.ts';
import { distribution, median, spread, type Distribution, type Spread } from './measure/statistics.ts';
import type { Extent } from './options.ts';
import { runChecked, type Program, type System, type Waiting } from './systems/system.ts';

/** One system with so many clients, each with one execution after the other. */
export interface LoadFigures {
  readonly clients: number;
  readonly times: Distribution;
  readonly perSecond: Spread;
  /** Processor time of everything that took part, per execution; absent where it cannot be told. */
  readonly cpuMs?: Spread;
}

/** Load that comes at moments of its own, at half of the most executions per second that were seen. */
export interface HalfLoad {
  readonly perSecond: number;
  readonly times: Distribution;
}

/** One system and one language. */
export interface Figures {
  readonly system: string;
  readonly language: string;
  /** One execution at a time, on a machine that does nothing else. */
  readonly alone: Distribution;
  /** Medians of the rounds, in order: what to compare with those of another system. */
  readonly roundMedians: readonly number[];
  readonly loads: readonly LoadFigures[];
  readonly half?: HalfLoad;
  readonly waiting?: Waiting;
}

export interface AbsentSystem {
  readonly name: string;
  readonly reason: string;
}

/** What was measured, and what is not here. */
export interface Measurements {
  readonly figures: readonly Figures[];
  readonly versions: Readonly<Record<string, string>>;
  readonly notes: Readonly<Record<string, readonly string[]>>;
  readonly absent: readonly AbsentSystem[];
}

/** Beyond so many windows of time a number of clients is left out: it would measure a queue. */
const mostWindows = 10;
const half = 0.5;
/** Enough for languages that are not looked at in detail. */
const fewClients = 8;
const refillMs = 1000;

const programs: readonly Program[] = allPrograms.map(({ language, hello }) => ({
  language,
  code: hello,
  stdout: 'hello\n',
}));

/** What is collected of a system while rounds go by. */
interface Collected {
  readonly system: System;
  readonly alone: number[][];
  readonly loads: Map<number, { times: number[][]; perSecond: number[]; cpuMs: number[] }>;
}

type Say = (line: string) => void;

/** Measures one language on all systems, in turns. */
async function measureLanguage(
  program: Program,
  systems: readonly System[],
  extent: Extent,
  clock: ProcessorClock,
): Promise<Figures[]> {
  const { rounds, samples, loadMs, settleMs } = extent;
  const clients = extent.clients.filter((count) => extent.detailed.includes(program.language) || count <= fewClients);
  const all: Collected[] = systems.map((system) => ({ system, alone: [], loads: new Map() }));
  // The first executions fill caches, everywhere alike.
  const pace = new Map<System, number>();
  for (const { system } of all) {
    await runChecked(system, program, 0);
    pace.set(system, await timed(() => runChecked(system, program, 0)));
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { alone } of all) alone.push([]);
    for (let sample = 0; sample < samples; sample += 1)
      for (const { system, alone } of turned(all, round + sample)) {
        // What takes long needs fewer samples, and would hold up all others.
        if (sample > 0 && sample * pace.get(system)! > loadMs) continue;
        await sleep(settleMs);
        alone.at(-1)!.push(await timed(() => runChecked(system, program, 0)));
      }
    for (const count of clients)
      for (const { system, loads } of turned(all, round)) {
        const took = (pace.get(system)! * count) / availableParallelism();
        if (count > (system.mostClients ?? Infinity) || (count > 1 && took > mostWindows * loadMs)) continue;
        await sleep(settleMs);
        const before = await clock.readMs(system.workers());
        const { times, elapsedMs } = await closedLoop((client) => runChecked(system, program, client), count, loadMs);
        // What takes the place of what was used belongs to it.
        await sleep(settleMs);
        const after = await clock.readMs(system.workers());
        const load = loads.get(count) ?? { times: [], perSecond: [], cpuMs: [] };
        loads.set(count, load);
        load.times.push([...times]);
        load.perSecond.push((times.length / elapsedMs) * 1000);
        if (before !== null && after !== null) load.cpuMs.push((after - before) / times.length);
      }
  }
  return Promise.all(all.map((collected) => figuresOf(program, collected)));
}

/** The same in another order, so that nobody always comes after the same one. */
function turned<T>(all: readonly T[], by: number): readonly T[] {
  const from = by % all.length;
  return [...all.slice(from), ...all.slice(0, from)];
}

async function figuresOf({ language }: Program, { system, alone, loads }: Collected): Promise<Figures> {
  const rows = [...loads].map(([clients, { times, perSecond, cpuMs }]): LoadFigures => {
    const cpu = spread(cpuMs);
    return {
      clients,
      times: distribution(times)!,
      perSecond: spread(perSecond)!,
      ...(cpu ? { cpuMs: cpu } : {}),
    };
  });
  return {
    system: system.name,
    language,
    alone: distribution(alone)!,
    roundMedians: alone.map(median),
    loads: rows,
  };
}

/** Load at half of the most that a system did, and what it then keeps waiting. */
async function measureRest(program: Program, system: System, figures: Figures, extent: Extent): Promise<Figures> {
  const most = Math.max(0, ...figures.loads.map(({ perSecond }) => perSecond.median));
  const clients = extent.clients.at(-1)!;
  let halfLoad: HalfLoad | undefined;
  if (most * extent.loadMs > mostWindows * 1000 && system.mostClients === undefined) {
    const rounds: number[][] = [];
    for (let round = 0; round < Math.ceil(extent.rounds / 2); round += 1) {
      await sleep(extent.settleMs * 5);
      const call = (client: number) => runChecked(system, program, client);
      rounds.push(await openLoop(call, most * half, extent.loadMs * 2, clients));
    }
    const times = distribution(rounds);
    if (times) halfLoad = { perSecond: most * half, times };
  }
  let waiting: Waiting | null | undefined;
  if (system.waiting) {
    // Until what waits is there again.
    await sleep(refillMs);
    waiting = await system.waiting(program.language);
  }
  return { ...figures, ...(halfLoad ? { half: halfLoad } : {}), ...(waiting ? { waiting } : {}) };
}

/** The systems that work here, ready; and why the others do not. */
async function prepare(systems: readonly System[], extent: Extent, say: Say) {
  const ready: System[] = [];
  const absent: AbsentSystem[] = [];
  for (const system of systems) {
    const reason = await system.available();
    if (reason !== null) absent.push({ name: system.name, reason });
    else {
      say(`preparing ${system.name}`);
      ready.push(system);
      await system.prepare(extent.languages, extent.clients.at(-1)!);
    }
  }
  return { ready, absent };
}

/**
 * Measures all systems side by side and ends them.
 * @throws Error where one of them did not print what it should
 */
export async function measure(systems: readonly System[], extent: Extent, say: Say): Promise<Measurements> {
  let clock: ProcessorClock | undefined;
  try {
    const { ready, absent } = await prepare(systems, extent, say);
    clock = await ProcessorClock.begin();
    const figures: Figures[] = [];
    for (const program of programs.filter(({ language }) => extent.languages.includes(language))) {
      const able = ready.filter(({ languages }) => languages.includes(program.language));
      if (able.length === 0) continue;
      say(`measuring ${program.language} on ${able.map(({ name }) => name).join(', ')}`);
      const measured = await measureLanguage(program, able, extent, clock);
      for (const [index, one] of measured.entries())
        figures.push(await measureRest(program, able[index]!, one, extent));
    }
    const versions = await Promise.all(ready.map(async (system) => [system.name, await system.version()] as const));
    const notes = ready.map((system) => [system.name, system.notes?.() ?? []] as const);
    return { figures, absent, versions: Object.fromEntries(versions), notes: Object.fromEntries(notes) };
  } finally {
    await clock?.end();
    for (const system of systems.toReversed()) await system.close();
  }
}
