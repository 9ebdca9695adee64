import { isUsageError, UsageError } from '@soulbox/plugin-sdk';
import { checkCommand } from './check/check-command.ts';
import type { Command, Terminal } from './command.ts';
import { migrateCommand } from './migrate/migrate-command.ts';
import { newCommand } from './new/new-command.ts';
import { sdkVersion } from './sdk-version.ts';

const commands: Readonly<Record<string, Command>> = { new: newCommand, check: checkCommand, migrate: migrateCommand };

function help(): string {
  const all = Object.values(commands).map(({ usage, summary }) => `  soulbox-plugin ${usage}\n      ${summary}\n`);
  return `soulbox-plugin ${sdkVersion}: write, prove and keep up a plugin of SoulBox\n\n${all.join('')}`;
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name = 'help', ...rest] = args;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command && !rest.includes('--help')) return command.run(rest, terminal);
  if (name === '--version') terminal.stdout.write(`${sdkVersion}\n`);
  else if (command) terminal.stdout.write(`soulbox-plugin ${command.usage}\n    ${command.summary}\n`);
  else if (['help', '--help', '-h'].includes(name)) terminal.stdout.write(help());
  else throw new UsageError(`there is no command "${name}"; there are ${Object.keys(commands).join(', ')}`);
  return 0;
}

/** The command `soulbox-plugin`. Resolves with the exit code: 1 where the plugin fails, 2 for a mistake in the call. */
export async function main(args: readonly string[], terminal: Terminal = process): Promise<number> {
  try {
    return await dispatch(args, terminal);
  } catch (thrown) {
    if (!isUsageError(thrown)) throw thrown;
    terminal.stderr.write(`soulbox-plugin: ${thrown.message}\n`);
    return 2;
  }
}
