import { SoulboxError, type OperationDescriptor, type RemoteClient } from '@soulbox/plugin-sdk';
import { parse, UsageError, type CommandContext } from './command.ts';
import { connect, hostOptions, isOwnHost } from './connect.ts';
import { callUntilSignal } from './interruption.ts';
import { showProgress } from './progress.ts';
import { forPeople } from './for-people.ts';
import { splitHostOptions } from './host-options.ts';
import { write, type Terminal } from './terminal.ts';

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

/** Calls an operation that streams, and shows its events while it lasts; SIGINT and SIGTERM cancel it. */
async function streamed(
  client: RemoteClient,
  operation: string,
  params: Record<string, unknown>,
  terminal: Terminal,
): Promise<unknown> {
  const progress = showProgress(terminal.stderr);
  const { value } = await callUntilSignal(async (signal) => {
    try {
      for await (const item of client.stream(operation, params, { signal })) {
        if ('result' in item) return item.result;
        await progress.show(item.event);
      }
    } finally {
      await progress.end();
    }
    throw new SoulboxError('internal', 'the host ended the call without an answer');
  });
  return value;
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
    // The plugins of a host that was booted for this are gone again when it is done.
    if (group === 'plugins' && descriptor.effect !== 'read' && isOwnHost(client))
      throw new UsageError(`${descriptor.name} is for a running host: give its key with --key or SOULBOX_KEY`);
    const given = paramsFor(descriptor, params);
    const result = await (descriptor.event === null
      ? client.call(descriptor.name, given)
      : streamed(client, descriptor.name, given, context.terminal));
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
