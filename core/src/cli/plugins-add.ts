import { proposeAdd } from '../packages/add.ts';
import { parse, UsageError, type Command, type CommandContext } from './command.ts';
import { changeOptions, changing, decide, specFrom } from './plugin-change.ts';

const options = {
  ...changeOptions,
  id: { type: 'string' },
  isolation: { type: 'string' },
  link: { type: 'boolean' },
} as const;

async function add(args: readonly string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parse(args, options);
  const [text, ...more] = positionals;
  if (text === undefined || more.length > 0) throw new UsageError(`say: ${pluginsAddCommand.usage}`);
  const { id, isolation, link } = values;
  if (isolation !== undefined && isolation !== 'inline' && isolation !== 'process')
    throw new UsageError(`--isolation ${isolation}: is neither inline nor process`);
  const spec = await specFrom(text);
  if (link === true && spec.kind !== 'folder') throw new UsageError('--link: only a folder can be linked');
  return changing(values, context, async (place) => {
    await using proposal = await proposeAdd(place, { spec, id, isolation, link });
    return await decide(proposal, place, values, context);
  });
}

export const pluginsAddCommand: Command = {
  usage:
    'soulbox plugins add PACKAGE[@RANGE]|TARBALL|FOLDER [--id ID] [--yes] [--isolation inline|process] [--link] [--config FILE] [--json]',
  summary: 'install a plugin and write it into the configuration, after showing what it wants to be allowed',
  run: add,
};
