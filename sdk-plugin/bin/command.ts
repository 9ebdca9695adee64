import { parseArgs, type ParseArgsConfig } from 'node:util';

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

/** What the author must do otherwise before anything can be done: exit code 2. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>
>;

/** `node:util.parseArgs`, strict, with exactly so many operands. @throws UsageError */
export function parseCommand<const T extends Options>(
  args: readonly string[],
  operands: readonly string[],
  options: T,
): Parsed<T> {
  const parsed = parseStrictly(args, options);
  const { positionals } = parsed;
  const missing = operands[positionals.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  if (positionals.length > operands.length)
    throw new UsageError(`"${positionals[operands.length]}" is one operand too many`);
  return parsed;
}

function parseStrictly<const T extends Options>(args: readonly string[], options: T): Parsed<T> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (thrown) {
    throw new UsageError((thrown as Error).message);
  }
}
