import { isSoulboxError } from '@soulbox/plugin-sdk';
import { makeLog } from '../log.ts';
import { configuredPlugins } from '../plugins/source.ts';
import { parse, UsageError, type Command, type CommandContext } from './command.ts';
import { printConfigSchema } from './config-schema.ts';
import { hostOptions, readConfig } from './connect.ts';
import { write } from './terminal.ts';

/** Everything wrong with the configuration, without starting anything: each line names a place and a problem. */
async function check(args: readonly string[], context: CommandContext): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === 'schema') return printConfigSchema(rest, context);
  if (verb !== 'check') throw new UsageError('say: soulbox config check, or soulbox config schema');
  const { values } = parse(rest, { config: hostOptions.config });
  const loaded = await readConfig(values, context);
  const problems: string[] = [];
  for (const source of configuredPlugins(loaded, {
    host: loaded.config.host,
    log: makeLog('silent', loaded.secrets),
  })) {
    try {
      const found = await source.check();
      const imported = await found.import({ lost: () => undefined });
      try {
        await imported.parseConfig(source);
      } finally {
        await imported.dispose();
      }
    } catch (thrown) {
      const why = isSoulboxError(thrown) ? `${thrown.code}: ${thrown.message}` : `plugin_failed: ${String(thrown)}`;
      problems.push(`${source.where}: plugins.${source.id}: ${why}`);
    }
  }
  const { stdout, stderr } = context.terminal;
  if (problems.length > 0) await write(stderr, `${problems.join('\n')}\n`);
  else await write(stdout, `the configuration is good: ${loaded.files.join(' over ') || 'no file'}\n`);
  return problems.length > 0 ? 1 : 0;
}

export const configCommand: Command = {
  usage: 'soulbox config check|schema [--config FILE]',
  summary: 'show every mistake in the configuration, or print the JSON Schema of the file for editors',
  run: check,
};
