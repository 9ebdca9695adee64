import type { OperationDescriptor } from '@soulbox/plugin-sdk';
import { parse, UsageError, type CommandContext } from './command.ts';
import { connect, hostOptions } from './connect.ts';
import { table, write } from './terminal.ts';

type JsonSchema = {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
};

/** `expires-in-ms` as the operations have it: `expiresInMs`. */
function camelCase(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function parseJson(text: string, flag: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UsageError(`--${flag} ${text}: is not JSON`);
  }
}

function valueFor(schema: JsonSchema, texts: readonly string[], flag: string): unknown {
  const [text = ''] = texts;
  if (schema.type === 'array') return texts.flatMap((t) => t.split(','));
  if (schema.type === 'boolean') return text !== 'false';
  if (schema.type === 'integer' || schema.type === 'number') {
    if (text.trim() === '' || Number.isNaN(Number(text))) throw new UsageError(`--${flag} ${text}: is not a number`);
    return Number(text);
  }
  if (schema.type === 'object') return parseJson(text, flag);
  return text;
}

/** `--name ci --scopes a,b`, or a single bare word for the first parameter, by the operation's own schema. */
function paramsFor(descriptor: OperationDescriptor, args: readonly string[]): Record<string, unknown> {
  const properties = (descriptor.params as JsonSchema).properties ?? {};
  const given = new Map<string, string[]>();
  const [firstName] = Object.keys(properties);
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    const flag = arg.startsWith('--') ? arg.slice(2) : undefined;
    const name = flag === undefined ? firstName : camelCase(flag);
    const schema = name === undefined ? undefined : properties[name];
    if (name === undefined || !schema)
      throw new UsageError(
        `${descriptor.name} takes no ${arg}; it takes: ${Object.keys(properties).join(', ') || 'nothing'}`,
      );
    let text = arg;
    if (flag !== undefined && schema.type === 'boolean') text = 'true';
    else if (flag !== undefined) {
      at += 1;
      const next = args[at];
      if (next === undefined) throw new UsageError(`${arg} needs a value`);
      text = next;
    }
    given.set(name, [...(given.get(name) ?? []), text]);
  }
  return Object.fromEntries([...given].map(([name, texts]) => [name, valueFor(properties[name] ?? {}, texts, name)]));
}

function cell(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(1);
  return typeof value === 'string' ? value : value === null || value === undefined ? '-' : JSON.stringify(value);
}

function isListOfObjects(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null);
}

/** A result that is only a text as it is, one that begins with a list of objects as a table, anything else as lines of `key: value`. */
function forPeople(result: unknown): string {
  const entries = Object.entries((result ?? {}) as Record<string, unknown>);
  const [[onlyKey, text] = []] = entries;
  if (entries.length === 1 && onlyKey === 'text' && typeof text === 'string') return text;
  const list = entries[0]?.[1];
  if (!isListOfObjects(list)) return table(entries.map(([key, value]) => [`${key}:`, cell(value)]));
  if (list.length === 0) return 'none\n';
  const columns = Object.keys(list[0] ?? {}).filter((column) =>
    list.some((row) => typeof row[column] !== 'object' || row[column] === null),
  );
  return table([
    columns.map((column) => column.toUpperCase()),
    ...list.map((row) => columns.map((column) => cell(row[column]))),
  ]);
}

/** Splits off the options that say which host, wherever they stand. */
export function splitHostOptions(args: readonly string[]): { host: string[]; rest: string[] } {
  const host: string[] = [];
  const rest: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--json') host.push(arg);
    else if (arg === '--config' || arg === '--url' || arg === '--key') host.push(arg, args[(at += 1)] ?? '');
    else rest.push(arg);
  }
  return { host, rest };
}

/** Calls `group.verb` of the catalogue: every operation of every plugin is a command, with no code of its own. */
export async function runOperation(group: string, args: readonly string[], context: CommandContext): Promise<number> {
  const { host, rest } = splitHostOptions(args);
  const { values } = parse(host, hostOptions);
  const [verb = 'list', ...params] = rest[0]?.startsWith('--') ? ['list', ...rest] : rest;
  const client = await connect(values, context);
  try {
    const { operations: descriptors } = (await client.call('host.operations', {})) as {
      operations: OperationDescriptor[];
    };
    const descriptor = descriptors.find((d) => d.name === `${group}.${verb}`);
    if (!descriptor) throw new UsageError(unknownCommand(group, verb, descriptors));
    const result = await client.call(descriptor.name, paramsFor(descriptor, params));
    await write(context.terminal.stdout, values.json ? `${JSON.stringify(result, undefined, 2)}\n` : forPeople(result));
    return 0;
  } finally {
    await client.close();
  }
}

function unknownCommand(group: string, verb: string, descriptors: readonly OperationDescriptor[]): string {
  const verbs = descriptors.filter((d) => d.name.startsWith(`${group}.`)).map((d) => d.name.slice(group.length + 1));
  return verbs.length > 0
    ? `there is no "${group} ${verb}"; there is: ${verbs.join(', ')}`
    : `there is no command "${group}"`;
}
