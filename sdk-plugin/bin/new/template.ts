import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Kind } from './kinds.ts';
import type { Names } from './names.ts';
import { packageJson } from './package-json.ts';

/** The files of a new plugin: content by relative path with forward slashes. */
export type PluginFiles = ReadonlyMap<string, string>;

// Only built files are run: this one stands three folders below the package.
const templates = fileURLToPath(new URL('../../../templates/', import.meta.url));
const ending = '.tmpl';

/** Replaces `{{name}}` and the like. */
function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_mark, key: string) => {
    const value = values[key];
    if (value === undefined) throw new TypeError(`a template asks for {{${key}}}, which nobody gives`);
    return value;
  });
}

function templatesIn(folder: string): [path: string, text: string][] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith(ending));
  return paths.map((path) => [path.slice(0, -ending.length), readFileSync(`${folder}/${path}`, 'utf8')]);
}

/** All that a new plugin of a kind consists of. */
export function pluginFiles(kindName: string, kind: Kind, names: Names): PluginFiles {
  const own = new Map(templatesIn(`${templates}${kindName}`));
  const about = filled(own.get('about.md') ?? '', { ...names }).trim();
  own.delete('about.md');
  const values = { ...names, kind: kindName, summary: kind.summary, about };
  const texts = new Map([
    ['package.json', packageJson(kind, names)],
    // npm would leave a file out that is called so in the package of the SDK.
    ...templatesIn(`${templates}common`).map(
      ([path, text]) => [path.replace(/^gitignore$/, '.gitignore'), text] as const,
    ),
    ...own,
  ]);
  return new Map([...texts].map(([path, text]) => [path, filled(text, values)]));
}
