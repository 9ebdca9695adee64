import { constants } from 'node:os';
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import {
  SoulboxError,
  type ExecutionEvent,
  type ExecutionResult,
  type RemoteClient,
  toWireText,
} from '@soulbox/plugin-sdk';
import { duration, parse, size, UsageError, type Command, type CommandContext } from './command.ts';
import { connect, hostOptions } from './connect.ts';
import { exitCodes } from './exit-codes.ts';
import { callUntilSignal } from './interruption.ts';
import { write, type Terminal } from './terminal.ts';

const usage =
  'soulbox run FILE... [--language L] [--stdin FILE|-] [--env K=V]... [--timeout 5s] [--memory 128M] [--output 1M] [--cache] [--max-age 1h] [--json] [--args ARG...]';

const outputBytes = 64 * 1024 * 1024;

const options = {
  ...hostOptions,
  language: { type: 'string' },
  stdin: { type: 'string' },
  env: { type: 'string', multiple: true },
  timeout: { type: 'string' },
  memory: { type: 'string' },
  output: { type: 'string' },
  cache: { type: 'boolean' },
  'max-age': { type: 'string' },
} as const;

/** What stands behind `--args` (or `--`) is the program's, whatever it looks like. */
function splitArgs(args: readonly string[]): { own: readonly string[]; program: readonly string[] } {
  const at = args.findIndex((arg) => arg === '--args' || arg === '--');
  return at < 0 ? { own: args, program: [] } : { own: args.slice(0, at), program: args.slice(at + 1) };
}

interface Source {
  readonly path: string;
  readonly content: string;
  readonly encoding: 'utf8' | 'base64';
}

/** More of a program than decides what it is written in. */
const tellingCharacters = 64 * 1024;

async function languageFor(
  client: RemoteClient,
  { path, content, encoding }: Source,
  asked: string | undefined,
): Promise<string> {
  if (asked !== undefined) return asked;
  // A name that ends in something else is of a language that is not here, whatever its text looks like.
  const tells = encoding === 'utf8' && (extname(path) === '' || content.startsWith('#!'));
  const code = tells ? { code: content.slice(0, tellingCharacters) } : {};
  const { language, candidates } = (await client.call('languages.detect', { fileName: path, ...code })) as {
    language: string | null;
    candidates: { language: string }[];
  };
  if (language !== null) return language;
  const likely = candidates.map((candidate) => candidate.language);
  const what = likely.length > 0 ? `it could be ${likely.slice(0, 3).join(' or ')}` : 'no language here is like it';
  throw new UsageError(`what language ${path} is in cannot be told: ${what}; say which with --language`);
}

function environment(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError(`--env ${pair}: is not of the form NAME=VALUE`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** An age says that a cache may answer, too. */
function cacheOf(asked: boolean | undefined, maxAge: string | undefined) {
  if (maxAge !== undefined) return { cache: { maxAgeMs: duration(maxAge) } };
  return asked ? { cache: true } : {};
}

/** @throws UsageError */
function readInput(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read ${path}: ${error.code}`);
  });
}

async function readSource(path: string): Promise<Source> {
  const { text, encoding } = toWireText(await readInput(path));
  return { path: basename(path), content: text, encoding };
}

async function stdinOf(source: string | undefined, terminal: Terminal) {
  if (source === undefined) return {};
  const bytes = source === '-' ? await buffer(terminal.stdin) : await readInput(source);
  const { text, encoding } = toWireText(bytes);
  return { stdin: { data: text, encoding } };
}

/** The exit code that tells a shell how the program ended. */
export function exitCodeOf(result: Pick<ExecutionResult, 'verdict' | 'exitCode' | 'signal'>): number {
  if (result.verdict === 'timeout') return exitCodes.timeout;
  if (result.verdict === 'lost' || result.verdict === 'interrupted') return exitCodes.hostFailed;
  if (result.verdict === 'ok' || result.verdict === 'exit') return result.exitCode ?? 1;
  const number = result.signal === null ? undefined : constants.signals[result.signal as NodeJS.Signals];
  if (number !== undefined) return exitCodes.signalBase + number;
  return result.exitCode || 1;
}

async function showEvent(event: ExecutionEvent, terminal: Terminal): Promise<void> {
  if ((event.type !== 'stdout' && event.type !== 'stderr') || typeof event.data !== 'string') return;
  await write(terminal[event.type], event.encoding === 'base64' ? Buffer.from(event.data, 'base64') : event.data);
}

/** Runs the program; SIGINT and SIGTERM cancel it, and the first of them is told beside the result. */
function execute(client: RemoteClient, params: Record<string, unknown>, terminal: Terminal, json: boolean) {
  return callUntilSignal(async (signal) => {
    for await (const item of client.stream('executions.create', params, { signal })) {
      if ('result' in item) return item.result as ExecutionResult;
      if (!json) await showEvent(item.event as ExecutionEvent, terminal);
    }
    throw new SoulboxError('internal', 'the host ended the call without an answer');
  });
}

async function run(args: readonly string[], context: CommandContext): Promise<number> {
  const { own, program } = splitArgs(args);
  const { values, positionals } = parse(own, options);
  const [entry, ...others] = positionals;
  if (entry === undefined) throw new UsageError('which file?');
  const limits = {
    outputBytes: values.output === undefined ? outputBytes : size(values.output),
    ...(values.timeout === undefined ? {} : { wallMs: duration(values.timeout) }),
    ...(values.memory === undefined ? {} : { memoryBytes: size(values.memory) }),
  };
  const main = await readSource(entry);
  const files = [main, ...(await Promise.all(others.map(readSource)))];
  const { terminal } = context;
  const given = {
    files,
    entry: main.path,
    args: program,
    env: environment(values.env ?? []),
    limits,
    ...cacheOf(values.cache, values['max-age']),
    ...(await stdinOf(values.stdin, terminal)),
  };
  const client = await connect(values, context);
  try {
    const language = await languageFor(client, main, values.language);
    const { value: result, interruptedBy } = await execute(
      client,
      { ...given, language, stream: true },
      terminal,
      values.json === true,
    );
    if (values.json) await write(terminal.stdout, `${JSON.stringify(result, undefined, 2)}\n`);
    else if (result.verdict !== 'ok' && result.verdict !== 'exit' && result.verdict !== 'compile-error') {
      await write(terminal.stderr, `soulbox: ${result.verdict}${result.error ? `: ${result.error.message}` : ''}\n`);
    }
    return exitCodeOf(result.verdict === 'cancelled' ? { ...result, signal: interruptedBy ?? null } : result);
  } finally {
    await client.close();
  }
}

export const runCommand: Command = { usage, summary: 'run a program in a sandbox', run };
