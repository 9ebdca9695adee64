import { inputJsonSchema } from '@soulbox/plugin-sdk';
import { configJsonSchema } from '../config/json-schema.ts';
import { makeLog } from '../log.ts';
import { configuredPlugins, type PluginSource } from '../plugins/source.ts';
import { parse, type CommandContext } from './command.ts';
import { hostOptions, readConfig } from './connect.ts';
import { write } from './terminal.ts';

/** What a plugin says of its settings; `undefined` where its code cannot be had. */
async function settingsOf(source: PluginSource): Promise<Record<string, unknown> | undefined> {
  try {
    const imported = await (await source.check()).import({ lost: () => undefined });
    try {
      const { config } = imported.plugin.definition;
      return config && inputJsonSchema(config);
    } finally {
      await imported.dispose();
    }
  } catch {
    // Not good enough to run is no reason to leave the rest of the file without help.
    return undefined;
  }
}

/** Prints the JSON Schema of the configuration file, with the settings of the plugins that it names. */
export async function printConfigSchema(args: readonly string[], context: CommandContext): Promise<number> {
  const { values } = parse(args, { config: hostOptions.config });
  const loaded = await readConfig(values, context);
  const sources = configuredPlugins(loaded, { host: loaded.config.host, log: makeLog('silent', loaded.secrets) });
  const settings = new Map(
    await Promise.all(sources.map(async (source) => [source.id, await settingsOf(source)] as const)),
  );
  await write(context.terminal.stdout, `${JSON.stringify(configJsonSchema(settings), undefined, 2)}\n`);
  return 0;
}
