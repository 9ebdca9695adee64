/** How long it takes from nothing to a first result: a host that is started, and a command that boots one for itself. */
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { makeHome, root, soulbox, spawnSoulbox, type Home } from '../support/soulbox.ts';
import { writeFile } from 'node:fs/promises';

/** Milliseconds since the process was started; the median of some starts. */
export interface StartTimes {
  readonly start: string;
  readonly listeningMs: number | null;
  readonly readyMs: number | null;
  readonly firstResultMs: number;
}

interface Started {
  readonly times: Omit<StartTimes, 'start'>;
  readonly key: string;
}

/** One start of a host on a free port, up to the result of a first program over WebSocket. */
async function startOnce(home: Home, keyOfBefore?: string): Promise<Started> {
  const file = join(home.folder, 'soulbox.yaml');
  await writeFile(file, 'plugins: { transport-websocket: { config: { port: 0 } } }\n');
  const begun = performance.now();
  const child = spawnSoulbox(home, ['start', '--config', file]);
  let printed = '';
  let readyMs: number | null = null;
  child.stdout.on('data', (data: Buffer) => {
    printed += data.toString('utf8');
    if (/^ready after/m.test(printed)) readyMs ??= performance.now() - begun;
  });
  child.stderr.resume();
  let url: string | undefined;
  while ((url = /listening on (\S+)\n/.exec(printed)?.[1]) === undefined) {
    if (child.exitCode !== null) throw new Error(`the host ended before it listened:\n${printed}`);
    await sleep(1);
  }
  const listeningMs = performance.now() - begun;
  const key = keyOfBefore ?? /^\s+(sbx_\S+)$/m.exec(printed)![1]!;
  const client = await connect({ url, key });
  const params = { language: 'python', code: 'print(1)' };
  const { stdout } = (await client.call('executions.create', params)) as ExecutionResult;
  const firstResultMs = performance.now() - begun;
  if (stdout !== '1\n') throw new Error(`the first program printed ${JSON.stringify(stdout)}`);
  await client.close();
  while (readyMs === null) await sleep(1);
  child.kill('SIGTERM');
  await once(child, 'exit');
  return { times: { listeningMs, readyMs, firstResultMs }, key };
}

/** One program run by a command that boots a host for it. */
async function runOnce(home: Home): Promise<Omit<StartTimes, 'start'>> {
  const begun = performance.now();
  const { code, stderr } = await soulbox(home, ['run', join(root, 'examples/hello.py')]);
  if (code !== 0) throw new Error(`soulbox run failed: ${stderr.toString()}`);
  return { listeningMs: null, readyMs: null, firstResultMs: performance.now() - begun };
}

function median(all: readonly Omit<StartTimes, 'start'>[]): Omit<StartTimes, 'start'> {
  const middle = (pick: (times: Omit<StartTimes, 'start'>) => number | null) =>
    all.map(pick).toSorted((a, b) => (a ?? 0) - (b ?? 0))[Math.floor(all.length / 2)] ?? null;
  return {
    listeningMs: middle((times) => times.listeningMs),
    readyMs: middle((times) => times.readyMs),
    firstResultMs: middle((times) => times.firstResultMs) ?? 0,
  };
}

/** First starts, each of a new user, then starts of the last of them, then runs without a host. */
export async function benchStart(starts: number): Promise<StartTimes[]> {
  const first: Started[] = [];
  const later: Omit<StartTimes, 'start'>[] = [];
  const runs: Omit<StartTimes, 'start'>[] = [];
  for (let n = 0; n < starts; n += 1) {
    await using home = await makeHome();
    const started = await startOnce(home);
    first.push(started);
    later.push((await startOnce(home, started.key)).times);
    runs.push(await runOnce(home));
  }
  return [
    { start: 'first start', ...median(first.map(({ times }) => times)) },
    { start: 'second start', ...median(later) },
    { start: 'soulbox run, without a host', ...median(runs) },
  ];
}
