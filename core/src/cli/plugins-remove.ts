import { removePlugin } from '../packages/remove.ts';
import { parse, UsageError, type Command, type CommandContext } from './command.ts';
import { changeOptions, changing, report } from './plugin-change.ts';

const { config, json } = changeOptions;
const options = { config, json, force: { type: 'boolean' } } as const;

async function remove(args: readonly string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parse(args, options);
  const [id, ...more] = positionals;
  if (id === undefined || more.length > 0) throw new UsageError(`say: ${pluginsRemoveCommand.usage}`);
  return changing(values, context, async (place) => {
    const change = await removePlugin(place, id, values.force === true);
    return report(change, `removed ${id} from ${place.file}`, values.json === true, context);
  });
}

export const pluginsRemoveCommand: Command = {
  usage: 'soulbox plugins remove ID [--force] [--config FILE] [--json]',
  summary: 'take a plugin out of the configuration, and its files away if they were added',
  run: remove,
};
