import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { archiveBytes } from './archive.ts';
import { makeHome, soulbox, type Home, type Ran } from './cli-home.ts';

/** A home for the commands that change plugins, with a plugin `p` that can be packed in any version. */
export interface PluginHome extends Home {
  plugins(...args: readonly string[]): Promise<Ran>;
  /** Packs a plugin that answers what it is by the operation `p.version`, and returns the archive. */
  packed(
    version: string,
    change?: Readonly<Record<string, unknown>>,
    files?: Readonly<Record<string, string>>,
  ): Promise<string>;
  configText(): Promise<string>;
  /** The plugins in the configuration file. */
  entries(): Promise<Readonly<Record<string, Entry | false>>>;
  /** What lies in the folder of packages, hidden things too. */
  kept(): Promise<string[]>;
  changes(): Promise<Readonly<Record<string, unknown>>[]>;
}

export interface Entry {
  readonly package: string;
  readonly version: string;
  readonly integrity: string;
  readonly isolation: string;
}

const sdk = '@soulbox/plugin-sdk';

function code(version: string): string {
  return `import { defineOperation, definePlugin, z } from '${sdk}';
    export default definePlugin({ id: 'p', setup(context) {
      context.operation(defineOperation({
        name: 'p.version', summary: 'For tests.', params: z.strictObject({}), result: z.object({ version: z.string() }),
        permission: 'p:read', owner: { kind: 'host' }, effect: 'read', errors: [],
      }), async () => ({ version: '${version}' }));
    } });`;
}

export const pluginJson = {
  name: 'plugin-p',
  version: '1.0.0',
  type: 'module',
  exports: './index.js',
  engines: { soulbox: '^1.0.0' },
  soulbox: {
    id: 'p',
    isolation: ['inline', 'process'],
    provides: [],
    requires: [],
    permissions: { operations: ['p.version'] },
  },
  peerDependencies: { [sdk]: '^1.0.0' },
};

export async function pluginHome(): Promise<PluginHome> {
  const home = await makeHome(['store', 'sandbox']);
  const data = join(home.folder, 'data');
  const configText = () => readFile(home.config, 'utf8');
  let count = 0;
  return {
    ...home,
    plugins: (...args) => soulbox(['plugins', ...args], { home }),
    packed: async (version, change = {}, files = {}) => {
      const contents = {
        'package.json': JSON.stringify({ ...pluginJson, version, ...change }),
        'index.js': code(version),
        ...files,
      };
      const name = `packages/${(count += 1)}`;
      for (const [path, content] of Object.entries(contents)) await home.file(`${name}/${path}`, content);
      const entries = Object.entries(contents).map(([path, content]) => ({ name: `package/${path}`, content }));
      return home.file(`${name}.tgz`, archiveBytes(entries));
    },
    configText,
    entries: async () => (JSON.parse(await configText()) as { plugins: Record<string, Entry | false> }).plugins,
    kept: async () =>
      (await readdir(join(data, 'packages'), { recursive: true }).catch(() => [])).filter(
        (path) => path.split('/').length <= 2,
      ),
    changes: async () => {
      const text = await readFile(join(data, 'plugin-changes.jsonl'), 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
  };
}
