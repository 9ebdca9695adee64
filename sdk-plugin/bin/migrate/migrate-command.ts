import { resolve } from 'node:path';
import { parseCommand, type Command } from '../command.ts';
import { sdkVersion } from '../sdk-version.ts';
import { difference } from './difference.ts';
import { PluginFolder } from './folder.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations.ts';

export const migrateCommand: Command = {
  usage: 'migrate DIR [--write]',
  summary: 'bring a built plugin forward to this SDK: shows what would change, and changes it with --write',
  async run(args, { stdout }) {
    const { values, positionals } = parseCommand(args, ['DIR'], { write: { type: 'boolean' } });
    const folder = new PluginFolder(resolve(positionals[0] ?? ''));
    const done = await migrate(folder, migrations, sdkVersion);
    const steps = done.map(({ version, description }) => `${version}: ${description}\n`);
    const changes = folder.changes().map(({ file, before, after }) => `${difference(file, before, after)}\n`);
    stdout.write([...steps, ...changes].join('\n'));
    if (done.length === 0) stdout.write(`nothing to do: the plugin is as SDK ${sdkVersion} wants it\n`);
    else if (values.write) folder.write();
    else stdout.write('\nnothing was written; --write does it\n');
    return 0;
  },
};
