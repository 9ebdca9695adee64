import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { randomFrom } from '../faults/random.ts';
import { familyCpuMs } from '../support/processes.ts';
import { sampleHost, type HostSample } from './host-sample.ts';
import { timed } from './measure/load.ts';
import { machineFacts } from './measure/machine.ts';
import { ascending, median, percentile } from './measure/statistics.ts';
import { assertMixed, chooseMixed } from './mixed-programs.ts';
import { whole } from './options.ts';
import { short, table } from './report/format.ts';
import { lineChart } from './report/svg.ts';
import { BenchHost } from './systems/bench-host.ts';

/** The host after so many executions, at rest, and how long the last of them took, in milliseconds. */
export interface SoakSample extends HostSample {
  readonly executions: number;
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
  /** Processor time of the host and all that it started, per execution: what grows here is no matter of a busy machine. */
  readonly cpuMs: number;
}

export interface SoakVerdict {
  /** What grew, one line each. */
  readonly grown: readonly string[];
  /** p99 of the last tenth to that of the second, which begins when everything is warm. */
  readonly p99Ratio: number;
}

export interface SoakOptions {
  readonly executions: number;
  readonly clients: number;
  /** How often the host is looked at. */
  readonly samples: number;
}

const restMs = 500;
const mostP99Ratio = 1.2;
/** Even without garbage, the memory of a program is not the same twice. */
const memoryTolerance = 1.1;

const counted = ['descriptors', 'processes', 'zombies', 'cgroups', 'mounts', 'temporaryFiles'] as const;

/** Runs so many executions at full load. @throws Error where one did not end as it must */
async function soak(host: BenchHost, options: SoakOptions, say: (line: string) => void): Promise<SoakSample[]> {
  const { executions, clients, samples } = options;
  const random = randomFrom(7);
  const found: SoakSample[] = [];
  for (let done = 0, n = 1; done < executions; n += 1) {
    const until = Math.round((executions * n) / samples);
    const times: number[] = [];
    let started = done;
    const usedBefore = await familyCpuMs([host.pid]);
    const begun = performance.now();
    const client = async (_: unknown, number: number): Promise<void> => {
      while (started < until) {
        started += 1;
        const program = chooseMixed(random());
        times.push(await timed(async () => assertMixed(program, await host.create(program.params, number))));
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    const perSecond = (times.length / (performance.now() - begun)) * 1000;
    done = until;
    // What takes the place of what was used is there again, and what ended is cleared away.
    await sleep(restMs);
    const cpuMs = ((await familyCpuMs([host.pid])) - usedBefore) / times.length;
    const sorted = ascending(times);
    const [p50, p99] = [percentile(sorted, 0.5), percentile(sorted, 0.99)];
    found.push({ executions: done, p50, p99, perSecond, cpuMs, ...(await sampleHost(host.host)) });
    say(`${done} executions, ${short(perSecond)} a second, p50 ${short(p50)} ms, p99 ${short(p99)} ms`);
  }
  return found;
}

/**
 * Compares the last tenth of the samples with the second, after the first in which everything warms up; of memory, the last
 * two with the two after the first.
 */
export function judge(samples: readonly SoakSample[]): SoakVerdict {
  const tenth = Math.max(1, Math.floor(samples.length / 10));
  const [early, late] = [samples.slice(tenth, 2 * tenth), samples.slice(-tenth)];
  const both = (key: keyof SoakSample) => [early, late].map((some) => median(some.map((one) => one[key])));
  const grown = counted.flatMap((key) => {
    const [before, after] = both(key) as [number, number];
    return after > before ? [`${key}: ${before} to ${after}`] : [];
  });
  // Garbage comes and goes: what stays is seen when it has just gone.
  const floor = (some: readonly SoakSample[]) => Math.min(...some.map(({ rssBytes }) => rssBytes));
  const [rssBefore, rssAfter] = [floor(samples.slice(tenth, 3 * tenth)), floor(samples.slice(-2 * tenth))];
  if (rssAfter > rssBefore * memoryTolerance)
    grown.push(`rssBytes: ${short(rssBefore / 2 ** 20)} to ${short(rssAfter / 2 ** 20)} MiB`);
  const [p99Before, p99After] = both('p99') as [number, number];
  return { grown, p99Ratio: p99After / p99Before };
}

function report(samples: readonly SoakSample[], { grown, p99Ratio }: SoakVerdict): string {
  const mebibytes = (bytes: number): string => short(bytes / 2 ** 20);
  const rows = samples.map((one) => [
    String(one.executions),
    short(one.perSecond),
    short(one.p50),
    short(one.p99),
    short(one.cpuMs),
    mebibytes(one.rssBytes),
    ...counted.map((key) => String(one[key])),
    mebibytes(one.databaseBytes),
  ]);
  const heading = [
    'executions',
    'per second',
    'p50 ms',
    'p99 ms',
    'CPU ms each',
    'RSS MiB',
    ...counted,
    'database MiB',
  ];
  const flat = grown.length === 0 ? 'Flat after the first tenth.' : `Grew: ${grown.join('; ')}.`;
  return [
    '# Executions in a row',
    `${flat} p99 at the end to the beginning: ${short(p99Ratio)} (at most ${mostP99Ratio}).`,
    table(heading, rows),
    '![times](soak-times.svg)\n\n![memory](soak-memory.svg)\n\n![counts](soak-counts.svg)\n',
  ].join('\n\n');
}

function plots(samples: readonly SoakSample[]): Readonly<Record<string, string>> {
  const line = (name: string, value: (sample: SoakSample) => number) => ({
    name,
    points: samples.map((sample) => [sample.executions, value(sample)] as const),
  });
  const chart = (title: string, label: string, series: ReturnType<typeof line>[]): string =>
    lineChart({ title, x: { label: 'executions', scale: 'linear' }, y: { label, scale: 'linear' }, series });
  return {
    'soak-times.svg': chart('Time of one execution', 'milliseconds', [
      line('p50', ({ p50 }) => p50),
      line('p99', ({ p99 }) => p99),
    ]),
    'soak-memory.svg': chart('Memory of the host', 'MiB', [line('RSS', ({ rssBytes }) => rssBytes / 2 ** 20)]),
    'soak-counts.svg': chart(
      'What the host holds',
      'count',
      counted.map((key) => line(key, (sample) => sample[key])),
    ),
  };
}

/** `npm run bench -- soak`: resolves with 0 where nothing grew and nothing became slower. */
export async function soakCommand(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      executions: { type: 'string', default: '100000' },
      clients: { type: 'string', default: '16' },
      samples: { type: 'string', default: '50' },
      out: { type: 'string', default: '.bench-report' },
    },
  });
  const executions = whole('executions', values.executions);
  const clients = whole('clients', values.clients);
  const machine = await machineFacts();
  const host = await BenchHost.start({}, clients);
  try {
    const samples = await soak(host, { executions, clients, samples: whole('samples', values.samples) }, console.error);
    const verdict = judge(samples);
    const text = report(samples, verdict);
    await mkdir(values.out, { recursive: true });
    await writeFile(join(values.out, 'soak.md'), text);
    await writeFile(join(values.out, 'soak.json'), `${JSON.stringify({ machine, verdict, samples })}\n`);
    for (const [file, svg] of Object.entries(plots(samples))) await writeFile(join(values.out, file), svg);
    console.log(`${text}\n${resolve(values.out, 'soak.md')}`);
    return verdict.grown.length === 0 && verdict.p99Ratio <= mostP99Ratio ? 0 : 1;
  } finally {
    await host.stop();
  }
}
