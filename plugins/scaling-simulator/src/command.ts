import { readFile, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import {
  parseArguments,
  SoulboxError,
  UsageError,
  type PluginCommand,
  type PluginCommandContext,
} from '@soulbox/plugin-sdk';
import { makeTrace, traceKinds, type TraceKind } from './generators.ts';
import { plot } from './plot.ts';
import { report } from './report.ts';
import type { RunResult } from './run-operation.ts';
import { writeTrace } from './trace.ts';

const usage = `soulbox scaling simulate TRACE [--policy NAME]... [--costs FILE] [--plot FILE] [--json]
        TRACE is a file of CSV, or - for standard input: time,language[,tenant][,duration], in seconds
      soulbox scaling simulate --history [...]
        the executions that the host has kept
        policies: none, refill, fixed:N, keep-alive:SECONDS, warm-pool, predictive, warm-pool+predictive
      soulbox scaling trace ${traceKinds.join('|')} [--seed N] [--days N] [--out FILE]
      soulbox scaling explain [--limit N] [--json]`;

/** @throws SoulboxError for a file that cannot be read. */
async function contentOf(file: string, { terminal }: PluginCommandContext): Promise<string> {
  try {
    return file === '-' ? await text(terminal.stdin) : await readFile(file, 'utf8');
  } catch (thrown) {
    throw new SoulboxError('invalid_params', `${file}: ${(thrown as Error).message}`, { cause: thrown });
  }
}

async function write(file: string, content: string): Promise<void> {
  try {
    await writeFile(file, content);
  } catch (thrown) {
    throw new SoulboxError('invalid_params', `${file}: ${(thrown as Error).message}`, { cause: thrown });
  }
}

function jsonOf(content: string, file: string): unknown {
  try {
    return JSON.parse(content);
  } catch (thrown) {
    throw new SoulboxError('invalid_params', `${file}: ${(thrown as Error).message}`, { cause: thrown });
  }
}

async function simulate(args: readonly string[], context: PluginCommandContext): Promise<void> {
  const { values, positionals } = parseArguments(args, {
    policy: { type: 'string', multiple: true },
    history: { type: 'boolean', default: false },
    costs: { type: 'string' },
    plot: { type: 'string' },
  });
  const [file, ...more] = positionals;
  if (more.length > 0 || (file === undefined) !== values.history)
    throw new UsageError('one trace is needed, or --history');
  const params = {
    ...(values.policy === undefined ? {} : { policies: values.policy }),
    ...(file === undefined ? {} : { trace: await contentOf(file, context) }),
    ...(values.costs === undefined ? {} : { costs: jsonOf(await contentOf(values.costs, context), values.costs) }),
  };
  const host = await context.connect();
  const result = (await host.call('simulations.run', params)) as RunResult;
  if (values.plot !== undefined) await write(values.plot, plot(result));
  context.terminal.stdout.write(context.json ? `${JSON.stringify(result)}\n` : report(result));
}

function numberOf(value: string | undefined, what: string, least: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value === '' || !Number.isFinite(number) || number < least) throw new UsageError(`"${value}" is not ${what}`);
  return number;
}

async function trace(args: readonly string[], { terminal }: PluginCommandContext): Promise<void> {
  const { values, positionals } = parseArguments(args, {
    seed: { type: 'string' },
    days: { type: 'string' },
    out: { type: 'string' },
  });
  const [kind, ...more] = positionals;
  if (more.length > 0 || !traceKinds.includes(kind as TraceKind))
    throw new UsageError(`a kind of trace is needed: ${traceKinds.join(', ')}`);
  const seed = numberOf(values.seed, 'a seed', 0);
  const days = numberOf(values.days, 'a number of days', 0.001);
  const content = writeTrace(makeTrace(kind as TraceKind, seed, days));
  if (values.out === undefined) terminal.stdout.write(content);
  else await write(values.out, content);
}

interface Explained {
  readonly decisions: readonly { readonly series: readonly unknown[]; readonly want: number; readonly why: string }[];
}

async function explain(args: readonly string[], context: PluginCommandContext): Promise<void> {
  const { values, positionals } = parseArguments(args, { limit: { type: 'string' } });
  if (positionals.length > 0) throw new UsageError(`"${positionals[0]}" is too much`);
  const limit = numberOf(values.limit, 'a limit', 1);
  const host = await context.connect();
  const answer = (await host.call('demand.explain', limit === undefined ? {} : { limit })) as Explained;
  const nameOf = (part: unknown) => (typeof part === 'string' ? part : part === null ? 'newcomers' : '');
  const lines = answer.decisions.map(({ series, why }) => `${series.map(nameOf).join(' ').trim()}: ${why}\n`);
  const told = lines.length === 0 ? 'nothing has been decided yet\n' : lines.join('');
  context.terminal.stdout.write(context.json ? `${JSON.stringify(answer)}\n` : told);
}

const parts = new Map([
  ['simulate', simulate],
  ['trace', trace],
  ['explain', explain],
]);

export default {
  usage,
  async run([name = '', ...args], context) {
    const part = parts.get(name);
    if (!part) throw new UsageError(`simulate, trace or explain is needed, not "${name}"`);
    await part(args, context);
    return 0;
  },
} satisfies PluginCommand;
