import { isSoulboxError, isUsageError } from '@soulbox/plugin-sdk';
import { hostVersion } from '../version.ts';
import { UsageError, type Command, type CommandContext } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import { splitHostOptions } from './host-options.ts';
import { write, type Terminal } from './terminal.ts';

/** Each with all that it needs is loaded when it is called: none waits for the others. */
type Load = () => Promise<Command>;

const commands: Readonly<Record<string, Load>> = {
  start: async () => (await import('./start.ts')).startCommand,
  run: async () => (await import('./run.ts')).runCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  config: async () => (await import('./config-check.ts')).configCommand,
};

/** What plugins cannot take for commands of their own. */
const builtIn: readonly string[] = [...Object.keys(commands), 'help', 'version'];

/** Verbs that stand among those of operations, and need no host: they work on files. */
const localVerbs: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  plugins: {
    add: async () => (await import('./plugins-add.ts')).pluginsAddCommand,
    remove: async () => (await import('./plugins-remove.ts')).pluginsRemoveCommand,
    update: async () => (await import('./plugins-update.ts')).pluginsUpdateCommand,
  },
};

async function help(args: readonly string[], context: CommandContext): Promise<string> {
  const loads = [...Object.values(commands), ...Object.values(localVerbs).flatMap((verbs) => Object.values(verbs))];
  const all = await Promise.all(loads.map((load) => load()));
  const { pluginCommandsHelp } = await import('./plugin-commands.ts');
  const own = all.map(({ usage, summary }) => `  ${usage}\n      ${summary}\n`);
  return `soulbox ${hostVersion}: runs untrusted code in sandboxes

${own.join('')}${await pluginCommandsHelp(args, context, builtIn)}  soulbox GROUP [VERB] [--PARAM VALUE]...
      call any operation, e.g. soulbox plugins, soulbox keys create --name ci, soulbox executions list

Options of every command: --config FILE, --json; of those that talk to a host: --url URL, --key KEY
(SOULBOX_CONFIG, SOULBOX_URL, SOULBOX_KEY). Without a URL or a key the command boots a host of its own.
`;
}

/** Behind `--args` or `--` it would be the program's. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.findIndex((arg) => arg === '--args' || arg === '--');
  return (end < 0 ? args : args.slice(0, end)).includes('--help');
}

/** The local verb that is meant, with its arguments, wherever the options that say which host stand. */
function localVerb(group: string, args: readonly string[]): { load: Load; rest: string[] } | undefined {
  const verbs = Object.hasOwn(localVerbs, group) ? localVerbs[group] : undefined;
  const {
    host,
    rest: [verb = '', ...rest],
  } = splitHostOptions(args);
  const load = verbs && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  return load && { load, rest: [...host, ...rest] };
}

async function dispatch(args: readonly string[], context: CommandContext): Promise<number> {
  const [name, ...rest] = args;
  const { stdout } = context.terminal;
  const verb = name === undefined ? undefined : localVerb(name, rest);
  const load = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : verb?.load;
  const command = await load?.();
  if (command && asksForHelp(rest)) {
    await write(stdout, `${command.usage}\n    ${command.summary}\n`);
    return 0;
  }
  if (name === '--version' || name === 'version') {
    await write(stdout, `${hostVersion}\n`);
    return 0;
  }
  if (command) return command.run(verb?.rest ?? rest, context);
  if (name !== undefined && /^[a-z][a-z0-9-]*$/.test(name) && name !== 'help') {
    const { runPluginCommand } = await import('./plugin-commands.ts');
    const code = await runPluginCommand(name, rest, context, builtIn);
    if (code !== undefined) return code;
  }
  if (name === undefined || name === 'help' || name === '--help' || name === '-h' || asksForHelp(rest)) {
    await write(stdout, await help(rest, context));
    return 0;
  }
  if (!/^[a-z][a-zA-Z]*$/.test(name)) throw new UsageError(`there is no command "${name}"`);
  const { runOperation } = await import('./operation-command.ts');
  return runOperation(name, rest, context);
}

/** The command line. Resolves with the exit code: 2 for a mistake in the call, 125 when the host refused or failed. */
export async function main(
  args: readonly string[],
  options: { readonly defaultConfig?: string; readonly terminal?: Terminal } = {},
): Promise<number> {
  const terminal: Terminal = options.terminal ?? process;
  // Whoever reads the output may have enough of it; the write that meets this tells below.
  for (const stream of [terminal.stdout, terminal.stderr]) stream.on('error', () => undefined);
  try {
    return await dispatch(args, { terminal, defaultConfig: options.defaultConfig });
  } catch (thrown) {
    if (isUsageError(thrown)) {
      await write(terminal.stderr, `soulbox: ${thrown.message}\n`);
      return 2;
    }
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EPIPE') return 0;
    if (!isSoulboxError(thrown)) throw thrown;
    const problem = `soulbox: ${thrown.code}: ${thrown.message}\n${thrown.entry.advice}\n`;
    await write(terminal.stderr, args.includes('--json') ? `${JSON.stringify({ error: thrown.toBody() })}\n` : problem);
    return exitCodes.hostFailed;
  }
}
