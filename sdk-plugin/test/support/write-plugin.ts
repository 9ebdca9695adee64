import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

const sdk = import.meta.resolve('@soulbox/plugin-sdk');

export interface PluginSource {
  /** What stands before its definition, and in its set-up. */
  readonly top?: string;
  readonly setup?: string;
  /** Further properties of its definition. */
  readonly definition?: string;
  /** `soulbox` of package.json beside its id. */
  readonly soulbox?: Readonly<Record<string, unknown>>;
  /** Further properties of package.json. */
  readonly packageJson?: Readonly<Record<string, unknown>>;
}

/** Makes a function that writes built packages of plugins, which are gone after the tests of this file. */
export function pluginWriter(): (source: PluginSource) => Promise<string> {
  const folders: string[] = [];
  after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));
  return async ({ top = '', setup = '', definition = '', soulbox = {}, packageJson = {} }) => {
    const folder = await mkdtemp(join(tmpdir(), 'soulbox-written-'));
    folders.push(folder);
    const code = `import * as sdk from ${JSON.stringify(sdk)};
      ${top}
      export default sdk.definePlugin({ id: 'written', ${definition} setup(context) { ${setup} } });`;
    const manifest = {
      name: 'plugin-written',
      version: '1.0.0',
      description: 'Written by a test.',
      license: 'MIT',
      type: 'module',
      exports: { '.': './index.js' },
      engines: { node: '>=20', soulbox: '^1.0.0' },
      soulbox: { id: 'written', isolation: ['inline', 'process'], ...soulbox },
      peerDependencies: { '@soulbox/plugin-sdk': '^1.0.0' },
      ...packageJson,
    };
    await writeFile(join(folder, 'index.js'), code);
    await writeFile(join(folder, 'README.md'), '# plugin-written\n');
    await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    return folder;
  };
}
