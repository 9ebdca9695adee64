import type { ParseArgsConfig } from 'node:util';
import { parseArguments, UsageError } from '@soulbox/plugin-sdk';

/** Where a command writes; tests put their own in its place. */
export interface Terminal {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

export interface Command {
  readonly usage: string;
  readonly summary: string;
  /** Returns the exit code: 0, or 1 for a plugin in which something is wrong. @throws UsageError */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** `node:util.parseArgs`, strict, with exactly so many operands. @throws UsageError */
export function parseCommand<const T extends Options>(
  args: readonly string[],
  operands: readonly string[],
  options: T,
): ReturnType<typeof parseArguments<T>> {
  const parsed = parseArguments(args, options);
  const { positionals } = parsed;
  const missing = operands[positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  if (positionals.length > operands.length)
    throw new UsageError(`"${positionals[operands.length]}" is one operand too many`);
  return parsed;
}
