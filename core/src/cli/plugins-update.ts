import { isRange } from '../packages/spec.ts';
import { proposeUpdate, updatable } from '../packages/update.ts';
import { parse, UsageError, type Command, type CommandContext } from './command.ts';
import { changeOptions, changing, decide, specFrom } from './plugin-change.ts';
import { write } from './terminal.ts';

const options = { ...changeOptions, downgrade: { type: 'boolean' } } as const;

async function update(args: readonly string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parse(args, options);
  const [id, wanted = 'latest', ...more] = positionals;
  if (id === undefined || more.length > 0) throw new UsageError(`say: ${pluginsUpdateCommand.usage}`);
  return changing(values, context, async (place) => {
    const { name, pinned } = updatable(place, id);
    const spec = isRange(wanted) ? ({ kind: 'registry', name, range: wanted } as const) : await specFrom(wanted);
    const { downgrade } = values;
    await using proposal = await proposeUpdate(place, { id, spec, downgrade });
    if (proposal) return await decide(proposal, place, values, context);
    const facts = { action: 'none', id, package: name, from: pinned.version, to: pinned.version };
    const says = `plugin ${id} is ${pinned.version}, which is what there is`;
    await write(context.terminal.stdout, values.json ? `${JSON.stringify(facts, undefined, 2)}\n` : `${says}\n`);
    return 0;
  });
}

export const pluginsUpdateCommand: Command = {
  usage: 'soulbox plugins update ID [RANGE|TARBALL|FOLDER] [--yes] [--downgrade] [--config FILE] [--json]',
  summary: 'take another version of a plugin that was added, after showing what changes',
  run: update,
};
