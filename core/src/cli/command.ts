import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { Terminal } from './terminal.ts';

/** What every command gets. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** The configuration that files extend. */
  readonly defaultConfig: string | undefined;
}

export interface Command {
  readonly usage: string;
  readonly summary: string;
  /** Returns the exit code. */
  run(args: readonly string[], context: CommandContext): Promise<number>;
}

/** A mistake in how a command was called: told with its usage, exit code 2. */
export class UsageError extends Error {}

/** `node:util.parseArgs`, strict, with its complaints as {@link UsageError}. */
export function parse<const T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

const units: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const sizes: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

function quantity(text: string, factors: Readonly<Record<string, number>>, what: string): number {
  const match = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(text);
  const factor =
    match?.[2] === undefined
      ? undefined
      : (factors[match[2].toLowerCase().replace(/i?b$/, '')] ?? factors[match[2].toLowerCase()]);
  if (!match || factor === undefined) throw new UsageError(`"${text}" is not ${what}`);
  return Math.round(Number(match[1]) * factor);
}

/** `5s`, `500ms`, `2m` as milliseconds. @throws UsageError */
export function duration(text: string): number {
  return quantity(text, units, 'a time such as 5s or 500ms');
}

/** `128M`, `1G`, `65536` as bytes. @throws UsageError */
export function size(text: string): number {
  return quantity(text, sizes, 'a size such as 128M');
}
