import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '@soulbox/plugin-sdk';
import { parseCommand, type Command } from '../command.ts';
import { kinds } from './kinds.ts';
import { namesOf } from './names.ts';
import { pluginFiles, type PluginFiles } from './template.ts';

/** Writes files into a folder that is not there yet. */
function writeFiles(folder: string, files: PluginFiles): void {
  for (const [path, content] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { flag: 'wx' });
  }
}

function nextSteps(folder: string, paths: readonly string[]): string {
  return `made ${folder}:
${paths.map((path) => `  ${path}\n`).join('')}
Next:
  cd ${folder}
  npm install && npm run build && npm test && npm run check
`;
}

export const newCommand: Command = {
  usage: 'new KIND NAME [--dir FOLDER] [--json]',
  summary: `make a plugin that works, in FOLDER/NAME; KIND is one of ${Object.keys(kinds).join(', ')}`,
  async run(args, { stdout }) {
    const { values, positionals } = parseCommand(args, ['KIND', 'NAME'], {
      dir: { type: 'string' },
      json: { type: 'boolean' },
    });
    const [kindName = '', name = ''] = positionals;
    const kind = Object.hasOwn(kinds, kindName) ? kinds[kindName] : undefined;
    if (!kind) throw new UsageError(`"${kindName}" is no kind of plugin; there are ${Object.keys(kinds).join(', ')}`);
    const names = namesOf(name);
    const folder = resolve(values.dir ?? '.', name);
    if (existsSync(folder)) throw new UsageError(`${folder} is there already; nothing is overwritten`);
    const files = pluginFiles(kindName, kind, names);
    writeFiles(folder, files);
    const paths = [...files.keys()].toSorted();
    stdout.write(values.json ? `${JSON.stringify({ folder, files: paths }, null, 2)}\n` : nextSteps(folder, paths));
    return 0;
  },
};
