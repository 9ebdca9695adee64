import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isSoulboxError } from '@soulbox/plugin-sdk';
import { closedLoop, openLoop, startAtRandom, timed, type Call } from './measure/load.ts';
import { machineFacts } from './measure/machine.ts';
import { ascending, percentile } from './measure/statistics.ts';
import { whole } from './options.ts';
import { short, table } from './report/format.ts';
import { BenchHost } from './systems/bench-host.ts';

/** Milliseconds. */
interface Latency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface OverloadResult {
  /** Executions per second that the host does, and what it was then asked for. */
  readonly capacity: number;
  readonly asked: number;
  /** At half of the capacity, before. */
  readonly normal: Latency;
  /** Accepted, and ended as they must. */
  readonly accepted: number;
  readonly acceptedLatency: Latency;
  readonly refused: number;
  readonly refusedLatency: Latency;
  /** What went wrong otherwise, by message; empty when all is well. */
  readonly failures: Readonly<Record<string, number>>;
  /** Until executions at half of the capacity took as long as before; `null` where that did not come. */
  readonly recoveredMs: number | null;
}

export interface OverloadOptions {
  readonly seconds: number;
  /** Times the capacity. */
  readonly factor: number;
}

/** More than the host lets wait, and connections enough to have so many unanswered. */
const clients = 64;
const capacityClients = 32;
const calibrateMs = 5000;
const recoverWithinMs = 10_000;
const bucketMs = 500;
/** Latency is normal when the median of half a second is within this of what it was. */
const normalWithin = 1.5;
/** A refusal that takes longer than this was not quick. */
const quickMs = 250;

function latency(times: readonly number[]): Latency {
  const sorted = ascending(times);
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99) };
}

/** Asks a host for more than it can do, and then watches how it comes back. */
async function overload(
  host: BenchHost,
  options: OverloadOptions,
  say: (line: string) => void,
): Promise<OverloadResult> {
  const check: Call = async (client) => {
    const { verdict, stdout } = await host.create({ language: 'python', code: 'print(6 * 7)' }, client);
    if (verdict !== 'ok' || stdout !== '42\n') throw new Error(`ended as ${verdict} with ${JSON.stringify(stdout)}`);
  };
  await closedLoop(check, capacityClients, calibrateMs / 5);
  const closed = await closedLoop(check, capacityClients, calibrateMs);
  const capacity = (closed.times.length / closed.elapsedMs) * 1000;
  const normal = latency(await openLoop(check, capacity / 2, calibrateMs, clients));
  say(`capacity ${short(capacity)} a second, p50 ${short(normal.p50)} ms at half of it`);

  const accepted: number[] = [];
  const refused: number[] = [];
  const failures: Record<string, number> = {};
  const attempt: Call = async (client) => {
    const begun = performance.now();
    try {
      accepted.push(await timed(() => check(client)));
    } catch (error) {
      if (isSoulboxError(error) && error.code === 'overloaded') refused.push(performance.now() - begun);
      else {
        const message = isSoulboxError(error) ? `${error.code}: ${error.message}` : String(error);
        failures[message] = (failures[message] ?? 0) + 1;
      }
    }
  };
  const asked = capacity * options.factor;
  const { times } = await startAtRandom(attempt, asked, options.seconds * 1000, clients);
  const recoveredMs = await recovery(check, capacity / 2, normal);
  await times;
  say(`${accepted.length} accepted, ${refused.length} refused`);
  return {
    ...{ capacity, asked, normal, failures, recoveredMs },
    ...{ accepted: accepted.length, acceptedLatency: latency(accepted) },
    ...{ refused: refused.length, refusedLatency: latency(refused) },
  };
}

/** From the last execution of the overload, while those that were accepted still wait. */
async function recovery(check: Call, perSecond: number, normal: Latency): Promise<number | null> {
  const begun = performance.now();
  let isRefused = false;
  const attempt: Call = (client) =>
    check(client).catch((error: unknown) => {
      if (!isSoulboxError(error) || error.code !== 'overloaded') throw error;
      isRefused = true;
    });
  for (;;) {
    isRefused = false;
    const began = performance.now() - begun;
    if (began > recoverWithinMs) return null;
    const { p50 } = latency(await openLoop(attempt, perSecond, bucketMs, clients));
    // From the beginning of this half second on, it was normal.
    if (!isRefused && p50 <= normal.p50 * normalWithin) return began;
  }
}

/** What is wrong with a result, one line each. */
export function faults({ failures, recoveredMs, accepted, refused, refusedLatency }: OverloadResult): string[] {
  return [
    ...Object.entries(failures).map(([message, count]) => `${count} times ${message}`),
    ...(recoveredMs === null ? [`latency was not normal again within ${recoverWithinMs / 1000} s`] : []),
    ...(accepted === 0 ? ['nothing was accepted'] : []),
    ...(refused === 0 ? ['nothing was refused: it was no overload'] : []),
    ...(refusedLatency.p99 > quickMs ? [`refusals took ${short(refusedLatency.p99)} ms (p99)`] : []),
  ];
}

function report(result: OverloadResult, { seconds, factor }: OverloadOptions): string {
  const found = faults(result);
  const row = (name: string, count: string, { p50, p95, p99 }: Latency) => [name, count, ...[p50, p95, p99].map(short)];
  return [
    '# Overload',
    `${factor} times the capacity of ${short(result.capacity)} a second, for ${seconds} s. ${found.length === 0 ? 'All is well.' : `${found.join('; ')}.`}`,
    table(
      ['', 'executions', 'p50 ms', 'p95', 'p99'],
      [
        row('half of the capacity, before', '', result.normal),
        row('accepted', String(result.accepted), result.acceptedLatency),
        row('refused', String(result.refused), result.refusedLatency),
      ],
    ),
    `Normal latency was back after ${result.recoveredMs === null ? '–' : short(result.recoveredMs)} ms.\n`,
  ].join('\n\n');
}

/** `npm run bench -- overload`: resolves with 0 where what was accepted ended well and the rest was refused quickly. */
export async function overloadCommand(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '300' },
      factor: { type: 'string', default: '10' },
      out: { type: 'string', default: '.bench-report' },
    },
  });
  const options = { seconds: whole('seconds', values.seconds), factor: whole('factor', values.factor) };
  const machine = await machineFacts();
  const host = await BenchHost.start({}, clients);
  try {
    const result = await overload(host, options, console.error);
    const text = report(result, options);
    await mkdir(values.out, { recursive: true });
    await writeFile(join(values.out, 'overload.md'), text);
    await writeFile(join(values.out, 'overload.json'), `${JSON.stringify({ machine, result })}\n`);
    console.log(`${text}\n${resolve(values.out, 'overload.md')}`);
    return faults(result).length === 0 ? 0 : 1;
  } finally {
    await host.stop();
  }
}
