import { sdkVersion } from '../sdk-version.ts';
import type { Kind } from './kinds.ts';
import type { Names } from './names.ts';

/** Versions of the tools that plugins are made with. */
export const toolVersions: Readonly<Record<string, string>> = {
  '@types/node': '^20.19.0',
  oxlint: '^1.94.0',
  typescript: '^7.0.2',
};

const built = (module: string) => ({ types: `./dist/src/${module}.d.ts`, default: `./dist/src/${module}.js` });

/** The package.json of a new plugin, as text. */
export function packageJson(kind: Kind, { name, package: packageName }: Names): string {
  const { summary, permissions, provides, requires, more, modules = [] } = kind;
  const hosts = `^${sdkVersion.split('.')[0]}.0.0`;
  const content = {
    name: packageName,
    version: '0.1.0',
    description: summary,
    license: 'Apache-2.0',
    type: 'module',
    engines: { node: '>=20.19', soulbox: hosts },
    soulbox: {
      id: name,
      isolation: ['inline', 'process'],
      ...(provides ? { provides } : {}),
      ...(requires ? { requires } : {}),
      ...(permissions ? { permissions } : {}),
      ...more,
    },
    exports: {
      '.': built('index'),
      ...Object.fromEntries(modules.map((module) => [`./${module}`, built(module)])),
      './package.json': './package.json',
    },
    files: ['dist/src'],
    scripts: {
      build: 'rm -rf dist && tsc -p .',
      test: 'node --test dist/test/*.test.js',
      lint: 'oxlint --deny-warnings',
      check: 'soulbox-plugin check .',
    },
    peerDependencies: { '@soulbox/plugin-sdk': `^${sdkVersion}` },
    devDependencies: { '@soulbox/core': hosts, '@soulbox/plugin-sdk': `^${sdkVersion}`, ...toolVersions },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}
