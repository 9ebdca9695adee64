import {
  isSoulboxError,
  isUsageError,
  SoulboxError,
  z,
  type PluginCommand,
  type PluginCommandContext,
  type RemoteClient,
} from '@soulbox/plugin-sdk';
import type { LoadedConfig } from '../config/load.ts';
import { makeLog } from '../log.ts';
import { coreGroups } from '../operations/own-operations.ts';
import type { Manifest } from '../plugins/manifest.ts';
import { importExport } from '../plugins/resolve.ts';
import { configuredPlugins } from '../plugins/source.ts';
import { assertShape } from '../shape.ts';
import { parse, type CommandContext } from './command.ts';
import { connect, hostOptions, readConfig, type HostChoice } from './connect.ts';
import { splitHostOptions } from './host-options.ts';
import { write } from './terminal.ts';

/** A command as the manifest of a configured plugin tells it; none of the plugin's code has run. */
interface ListedCommand {
  readonly name: string;
  readonly summary: string;
  readonly plugin: string;
  /** Why it cannot be called, if so. */
  readonly refused: SoulboxError | undefined;
  /** Whether operations have its name, which then are called. */
  readonly hidden: boolean;
  load(): Promise<PluginCommand>;
}

interface Found {
  readonly id: string;
  readonly where: string;
  readonly folder: string;
  readonly manifest: Manifest;
}

const CommandSchema = z.object({
  usage: z.string().min(1),
  run: z.custom((value) => typeof value === 'function', 'must be a function'),
});

/** The plugins that can be found; what is wrong with the others is told when a host starts. */
async function foundPlugins(loaded: LoadedConfig): Promise<readonly Found[]> {
  const sources = configuredPlugins(loaded, { host: loaded.config.host, log: makeLog('silent', loaded.secrets) });
  const all = await Promise.all(
    sources.map(async ({ id, where, check }) => {
      const checked = await check().catch(() => undefined);
      return checked && { id, where, folder: checked.folder ?? '', manifest: checked.manifest };
    }),
  );
  return all.filter((found) => found !== undefined);
}

/** The words before the dot of operations, as far as they are known without code of plugins. */
function operationGroups(plugins: readonly Found[]): ReadonlySet<string> {
  const named = plugins.flatMap(({ manifest }) => manifest.soulbox.permissions.operations);
  return new Set([...coreGroups, ...named.map((operation) => operation.split('.', 1)[0] ?? '')]);
}

async function load(found: Found, subpath: string): Promise<PluginCommand> {
  const command = (await importExport(found, subpath))['default'];
  const what = `${found.manifest.name} does not export a command by default from "${subpath}" (see PluginCommand)`;
  assertShape(CommandSchema, command, 'plugin_manifest_invalid', what);
  return command as PluginCommand;
}

/** The commands of all configured plugins, by name. `builtIn` are the words that no plugin can take. */
async function pluginCommands(loaded: LoadedConfig, builtIn: readonly string[]): Promise<ListedCommand[]> {
  const plugins = await foundPlugins(loaded);
  const groups = operationGroups(plugins);
  const claims = plugins.flatMap((found) => found.manifest.soulbox.commands.map((command) => ({ found, command })));
  const refusal = (name: string, { id, where }: Found): SoulboxError | undefined => {
    const conflict = (with_: string) =>
      new SoulboxError('capability_conflict', `command ${name} of plugin ${id} (${where}) has the name of ${with_}`);
    if (builtIn.includes(name)) return conflict('a command of soulbox itself');
    if (groups.has(name)) return conflict('a group of operations');
    const rival = claims.find(({ found, command }) => command.name === name && found.id !== id)?.found;
    return rival && conflict(`one of plugin ${rival.id} (${rival.where})`);
  };
  return claims
    .map(({ found, command: { name, summary, export: subpath } }) => ({
      name,
      summary,
      plugin: found.id,
      refused: refusal(name, found),
      hidden: groups.has(name),
      load: () => load(found, subpath),
    }))
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/** The errors of a command as those of built-in ones: what has no code gets one, with the plugin's name. */
function blamed({ name, plugin }: ListedCommand, thrown: unknown): unknown {
  if (isSoulboxError(thrown) || isUsageError(thrown)) return thrown;
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new SoulboxError('plugin_failed', `command ${name} of plugin ${plugin} failed: ${why}`, { cause: thrown });
}

/** The context of one call, and what is to be closed after it. */
function contextFor(choice: HostChoice & { readonly json?: boolean | undefined }, context: CommandContext) {
  let client: Promise<RemoteClient> | undefined;
  const own: PluginCommandContext = {
    terminal: context.terminal,
    json: choice.json === true,
    connect: () => (client ??= connect(choice, context)),
  };
  const close = async () => {
    await (await client?.catch(() => undefined))?.close();
  };
  return { own, close };
}

/** The commands of configured plugins for `soulbox help`, each with its summary or why it is refused; none of their code is run. */
export async function pluginCommandsHelp(
  args: readonly string[],
  context: CommandContext,
  builtIn: readonly string[],
): Promise<string> {
  try {
    const { values } = parse(splitHostOptions(args).host, hostOptions);
    const commands = await pluginCommands(await readConfig(values, context), builtIn);
    const lines = commands.map(
      ({ name, summary, plugin, refused }) =>
        `  soulbox ${name}\n      ${refused ? `refused: ${refused.message}` : `${summary} (plugin ${plugin})`}\n`,
    );
    return lines.join('');
  } catch (thrown) {
    if (!isSoulboxError(thrown)) throw thrown;
    return `  the commands of plugins are not known: ${thrown.code}: ${thrown.message}\n`;
  }
}

/**
 * Calls the command of a plugin, if one has this name; only then is any of the plugin's code run. With `--help` it
 * tells how it is used instead.
 * @returns the exit code, or `undefined` where there is no such command.
 * @throws capability_conflict when the name is not its own; UsageError; SoulboxError
 */
export async function runPluginCommand(
  name: string,
  args: readonly string[],
  context: CommandContext,
  builtIn: readonly string[],
): Promise<number | undefined> {
  // Known without a look at any plugin, and never theirs.
  if (coreGroups.has(name)) return undefined;
  const { host, rest } = splitHostOptions(args);
  const { values } = parse(host, hostOptions);
  const listed = await pluginCommands(await readConfig(values, context), builtIn);
  const command = listed.find((each) => each.name === name);
  if (!command || command.hidden) return undefined;
  if (command.refused) throw command.refused;
  const { own, close } = contextFor(values, context);
  try {
    const loaded = await command.load();
    if (rest.includes('--help')) {
      await write(context.terminal.stdout, `${loaded.usage}\n    ${command.summary}\n`);
      return 0;
    }
    const code = await loaded.run(rest, own);
    if (Number.isInteger(code) && code >= 0 && code <= 255) return code;
    throw new TypeError(`${String(code)} is no exit code`);
  } catch (thrown) {
    throw blamed(command, thrown);
  } finally {
    await close();
  }
}
