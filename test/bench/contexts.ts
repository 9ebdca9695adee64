import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import type { RemoteClient } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { python } from '../support/python.ts';
import { startHost } from '../support/running-host.ts';
import { root } from '../support/soulbox.ts';
import { ascending, percentile } from './measure/statistics.ts';

/** In milliseconds. */
interface Times {
  /** From the wish for a context to the result of its first cell. */
  readonly first: number[];
  /** Of a cell in one that is there. */
  readonly warm: number[];
}

const run = promisify(execFile);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

interface Cells {
  readonly language: string;
  readonly first: string;
  readonly warm: string;
}

const kinds: readonly Cells[] = [
  { language: 'python', first: 'x = 40\nx + 2', warm: 'x + 2' },
  { language: 'javascript', first: 'const x = 40;\nx + 2', warm: 'x + 2' },
  { language: 'typescript', first: 'const x: number = 40;\nx + 2', warm: 'x + 2' },
  { language: 'shell', first: 'x=40; echo $((x + 2))', warm: 'echo $((x + 2))' },
  { language: 'jupyter:python3', first: 'x = 40\nx + 2', warm: 'x + 2' },
];

async function measure(
  client: RemoteClient,
  sandbox: string,
  kind: Cells,
  count: number,
  cells: number,
): Promise<Times> {
  const { language } = kind;
  const times: Times = { first: [], warm: [] };
  const ask = async (operation: string, params: object) =>
    (await client.call(`contexts.${operation}`, { sandbox, ...params })) as { id: string; state: string };
  for (let index = 0; index < count; index++) {
    let context = '';
    const cell = async (code: string) => {
      const { state } = await ask('run', { context, code });
      if (state !== 'ok') throw new Error(`${language}: a cell came to ${state}`);
    };
    const first = await timed(async () => {
      context = (await ask('create', { language })).id;
      await cell(kind.first);
    });
    times.first.push(first);
    for (let each = 0; each < cells; each++) times.warm.push(await timed(() => cell(kind.warm)));
    await ask('delete', { context });
  }
  return times;
}

function tell(name: string, { first, warm }: Times): void {
  const figures = (times: readonly number[]) => {
    const sorted = ascending(times);
    return `p50 ${percentile(sorted, 0.5).toFixed(1)} ms, p95 ${percentile(sorted, 0.95).toFixed(1)} ms`;
  };
  console.log(`${name}: to the first result ${figures(first)}; a warm cell ${figures(warm)}`);
}

/** In a host of its own, with or without interpreters that wait. */
async function onHost(name: string, spare: boolean, chosen: readonly Cells[], count: number, cells: number) {
  const plugins = [
    `  language-python: { config: { command: ${python} } }`,
    `  live-contexts: { config: { spare: ${spare} } }`,
  ].join('\n');
  const host = await startHost({ yaml: 'sandbox: { ready: 0 }', plugins });
  const client = await connect({ url: host.url, key: host.key! });
  const made: string[] = [];
  try {
    const languages = ['python', 'javascript', 'typescript'];
    const limits = { memoryBytes: 1024 * 1024 * 1024, processes: 256 };
    const { id } = (await client.call('sandboxes.create', { languages, limits })) as { id: string };
    made.push(id);
    for (const kind of chosen) tell(`${kind.language} ${name}`, await measure(client, id, kind, count, cells));
  } finally {
    for (const id of made) await client.call('sandboxes.delete', { id });
    await client.close();
    await host.end('SIGTERM');
    await host.home[Symbol.asyncDispose]();
  }
}

/** `npm run bench -- contexts [--times 20] [--cells 20]`: contexts, beside a Jupyter kernel without a host. */
export async function contextsCommand(args: readonly string[]): Promise<number> {
  const number = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...args], options: { times: number, cells: number } });
  const [times, cells] = [Number(values.times ?? 20), Number(values.cells ?? 20)];
  await onHost('with one that waits', true, kinds, times, cells);
  await onHost('started when it is asked for', false, kinds.slice(0, 4), times, cells);
  const script = join(root, 'test/bench/jupyter-times.py');
  const { stdout } = await run(python, [script, String(Math.ceil(times / 2)), String(cells)]);
  tell('a Jupyter kernel, bare', JSON.parse(stdout) as Times);
  return 0;
}
