import type { Figures, Measurements } from '../suite.ts';
import { mebibytes, short, table } from './format.ts';
import { goals, met, type Elsewhere } from './goals.ts';
import type { Plot } from './plots.ts';

/** A part of the report that another comparison gives. */
export interface Section {
  readonly title: string;
  readonly text: string;
}

export interface ReportParts {
  readonly machine: Readonly<Record<string, string>>;
  readonly measurements: Measurements;
  readonly elsewhere: Elsewhere;
  readonly plots: readonly Plot[];
  readonly sections: readonly Section[];
  /** How much was measured, in words. */
  readonly extent: string;
}

const how = `Programs print one word. All systems have their turns in one run, in changing order, so that what else the machine does
meets all alike. *Alone* is one execution at a time with a rest before each; *closed loop* is so many clients, each with one
execution after the other. p50, p95 and p99 are of all executions; the range is that of the rounds' medians. Every output
was checked. What compilers keep is of use to the same program again; those that start cold have a text that was never seen
before, on a host where nothing waits. SoulBox is measured end to end: WebSocket JSON-RPC, a key, every wall up, each execution recorded on disk.
Processor time is that of everything that took part: the client and the commands that it starts (a cgroup around them, where
cgroups may be made; /proc otherwise), hosts and servers with all that they start (/proc, by parents), and a Docker engine
with its containers (a cgroup around them). Memory is the proportional set size of everything in the boxes that wait.`;

/** The figures to reach, on both drivers. */
export function goalTable(measurements: Measurements, elsewhere: Elsewhere): string {
  const [linux, docker] = (['linux', 'docker'] as const).map((driver) => goals(measurements, driver, elsewhere));
  const rows = linux!.map((goal, index) => {
    const other = docker![index]!;
    const bound = (value: number): string => {
      const told = value < 1 / 40 ? `1/${Math.round(1 / value)}` : String(value);
      return `${goal.atLeast ? '≥' : '≤'} ${told}${goal.unit}`;
    };
    const told = (seen: typeof goal.seen): string => (typeof seen === 'string' ? seen : seen.text);
    // What does not depend on the driver is told once.
    const second = goal.seen === other.seen ? ['', ''] : [told(other.seen), met(other)];
    return [goal.what, bound(goal.bar), bound(goal.goal), told(goal.seen), met(goal), ...second];
  });
  return table(['what', 'bar', 'goal', 'Linux', 'met', 'Docker', 'met'], rows);
}

function aloneTable(figures: readonly Figures[]): string {
  const bare = figures.find(({ system }) => system === 'bare process');
  const rows = figures.map(({ system, alone }) => [
    system,
    short(alone.p50),
    `${short(alone.rounds.min)}–${short(alone.rounds.max)}`,
    short(alone.p95),
    short(alone.p99),
    String(alone.count),
    bare ? short(alone.p50 / bare.alone.p50) : '–',
  ]);
  return table(['alone, ms', 'p50', 'range', 'p95', 'p99', 'executions', 'to bare'], rows);
}

function loadTable(figures: readonly Figures[]): string {
  const counts = [...new Set(figures.flatMap(({ loads }) => loads.map(({ clients }) => clients)))];
  const rows = figures.flatMap(({ system, loads }) =>
    counts.flatMap((count) => {
      const load = loads.find(({ clients }) => clients === count);
      if (!load) return [];
      const { perSecond, times, cpuMs } = load;
      const range = `${short(perSecond.min)}–${short(perSecond.max)}`;
      const latency = [times.p50, times.p95, times.p99].map(short);
      return [[system, String(count), short(perSecond.median), range, ...latency, cpuMs ? short(cpuMs.median) : '–']];
    }),
  );
  return table(['closed loop', 'clients', 'per second', 'range', 'p50 ms', 'p95', 'p99', 'CPU ms each'], rows);
}

function restTables(figures: readonly Figures[]): string[] {
  const half = figures.flatMap(({ system, half: load }) =>
    load ? [[system, short(load.perSecond), short(load.times.p50), short(load.times.p95), short(load.times.p99)]] : [],
  );
  const waiting = figures.flatMap(({ system, waiting: some }) =>
    some
      ? [
          [
            `${system}: ${some.what}`,
            String(some.count),
            ...[some.bytes / some.count, some.bytes, some.besidesBytes ?? 0].map(mebibytes),
          ],
        ]
      : [],
  );
  return [
    ...(half.length > 0 ? [table(['half load, at random moments', 'per second', 'p50 ms', 'p95', 'p99'], half)] : []),
    ...(waiting.length > 0 ? [table(['waiting', 'count', 'PSS each', 'PSS', 'zygotes, PSS'], waiting)] : []),
  ];
}

/** The whole report. */
export function markdown({ machine, measurements, elsewhere, plots, sections, extent }: ReportParts): string {
  const { figures, versions, notes, absent } = measurements;
  const languages = [...new Set(figures.map(({ language }) => language))];
  const systems = Object.entries(versions).map(([name, version]) => [name, version, notes[name]?.join('; ') ?? '']);
  return [
    '# What an execution costs',
    extent,
    '## Figures to reach',
    goalTable(measurements, elsewhere),
    '## Machine',
    table(['fact', ''], Object.entries(machine)),
    '## Systems',
    table(['system', 'version', 'notes'], systems),
    ...(absent.length > 0
      ? [
          table(
            ['not here', 'reason'],
            absent.map(({ name, reason }) => [name, reason]),
          ),
        ]
      : []),
    '## How',
    how,
    ...languages.flatMap((language) => {
      const own = figures.filter((one) => one.language === language);
      const drawn = plots.filter(({ file }) => file.endsWith(`-${language}.svg`));
      return [
        `## ${language}`,
        aloneTable(own),
        loadTable(own),
        ...restTables(own),
        ...drawn.map(({ title, file }) => `![${title}](${file})`),
      ];
    }),
    ...plots
      .filter(({ file }) => file === 'memory.svg')
      .map(({ title, file }) => `## ${title}\n\n![${title}](${file})`),
    ...sections.flatMap(({ title, text }) => [`## ${title}`, text]),
    '',
  ].join('\n\n');
}
