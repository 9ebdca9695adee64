import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Options, PublicExplorer } from 'cosmiconfig';
import * as internals from 'cosmiconfig/dist/Explorer.js';

// cosmiconfig's main entry first looks for settings of its own in the working directory, where it runs a
// `.config/config.js`. This class is the same search without that; it has no public types.
const { Explorer } = internals as unknown as { Explorer: new (options: Options) => PublicExplorer };

// Data only: no place for a file that would have to be executed.
const searchPlaces = [
  'soulbox.yaml',
  'soulbox.yml',
  'soulbox.json',
  '.soulboxrc',
  '.soulboxrc.yaml',
  '.soulboxrc.yml',
  '.soulboxrc.json',
];

const keepText = (_file: string, text: string) => text;

/** The working directory, the user's configuration folder, the system's. */
function searchFolders(cwd: string): string[] {
  return [cwd, join(process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'soulbox'), '/etc/soulbox'];
}

/** The first configuration file that is there and not empty. No file is executed to find it. */
export async function findConfigFile(cwd: string): Promise<string | undefined> {
  const explorer = new Explorer({
    moduleName: 'soulbox',
    searchPlaces,
    loaders: { '.yaml': keepText, '.yml': keepText, '.json': keepText, noExt: keepText },
    searchStrategy: 'none',
    cache: false,
    ignoreEmptySearchPlaces: true,
    metaConfigFilePath: null,
    mergeImportArrays: false,
    mergeSearchPlaces: false,
    transform: (result) => result,
  } as Options);
  for (const folder of searchFolders(cwd)) {
    const found = await explorer.search(folder);
    if (found) return found.filepath;
  }
  return undefined;
}
