import { parseArgs, type ParseArgsConfig } from 'node:util';

const brand = Symbol.for('soulbox/usage-error@1');

/** A mistake in how a command was called: told as it is, exit code 2. */
export class UsageError extends Error {
  readonly [brand] = true;
}

/** Recognises a UsageError, also one made by another copy of this SDK. */
export function isUsageError(value: unknown): value is UsageError {
  return value instanceof Error && brand in value;
}

/** `node:util.parseArgs`, strict, with its complaints as {@link UsageError}. */
export function parseArguments<const T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

const times: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);
const sizes: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ...['k', 'm', 'g'].flatMap((prefix, power) =>
    [prefix, `${prefix}b`, `${prefix}ib`].map((unit): [string, number] => [unit, 1024 ** (power + 1)]),
  ),
]);

function quantity(text: string, units: ReadonlyMap<string, number>, what: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = units.get(unit.toLowerCase());
  if (number === undefined || factor === undefined) throw new UsageError(`"${text}" is not ${what}`);
  return Math.round(Number(number) * factor);
}

/** `5s`, `500ms`, `2m` as milliseconds. @throws UsageError */
export function parseDuration(text: string): number {
  return quantity(text, times, 'a time such as 5s or 500ms');
}

/** `128M`, `1G`, `65536` as bytes. @throws UsageError */
export function parseSize(text: string): number {
  return quantity(text, sizes, 'a size such as 128M');
}
