import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { packageSuite } from '@soulbox/plugin-sdk/conformance';
import { packageRules } from '../conformance/package-rules.ts';

const top = await mkdtemp(join(tmpdir(), 'soulbox-package-suite-'));
after(() => rm(top, { recursive: true, force: true }));

const sdk = JSON.stringify(import.meta.resolve('@soulbox/plugin-sdk'));
const goodCode = `import { definePlugin, z } from ${sdk};
export default definePlugin({ id: 'good', config: z.strictObject({ port: z.int().default(1) }), setup: () => {} });`;
const goodPackage = {
  name: 'plugin-good',
  version: '1.0.0',
  description: 'Does good.',
  license: 'MIT',
  type: 'module',
  exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
  files: ['dist'],
  engines: { node: '>=20', soulbox: '^1.0.0' },
  soulbox: { id: 'good', provides: [], requires: [] },
  peerDependencies: { '@soulbox/plugin-sdk': '^1.0.0' },
};
const goodFiles: Readonly<Record<string, string>> = {
  'dist/index.js': goodCode,
  'dist/index.d.ts': 'export {};',
  'README.md': '# plugin-good\n\n| setting | |\n|---|---|\n| `port` | where |\n',
};

/** Writes a package, good but for `change`, and returns its folder. */
async function writePackage(
  name: string,
  change: { packageJson?: object; files?: Readonly<Record<string, string | undefined>> } = {},
): Promise<string> {
  const folder = join(top, name);
  const files = {
    ...goodFiles,
    ...change.files,
    'package.json': JSON.stringify({ ...goodPackage, ...change.packageJson }),
  };
  for (const [file, content] of Object.entries(files)) {
    if (content === undefined) continue;
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  }
  return folder;
}

packageSuite({ folder: pathToFileURL(`${await writePackage('good')}/`) });
packageSuite({
  name: 'a package of one file, without settings',
  folder: pathToFileURL(
    `${await writePackage('small', {
      packageJson: { exports: { '.': './index.js' }, files: undefined },
      files: {
        'index.js': `import { definePlugin } from ${sdk}; export default definePlugin({ id: 'good', setup: () => {} });`,
      },
    })}/`,
  ),
});

const capabilities = 'package.json lists the capabilities that the code does, if it lists any';
const needsPlugin = [
  'the default export is a plugin of the same id',
  capabilities,
  'the README names the package and every setting',
];

/** Packages with one mistake each: the rules that they break, and what is said of it. */
const bad: Record<string, [change: Parameters<typeof writePackage>[1], breaks: readonly string[], says: RegExp]> = {
  'no description': [{ packageJson: { description: '' } }, [...packageRules.keys()], /description/],
  'a range for every host': [
    { packageJson: { engines: { node: '>=20', soulbox: '*' } } },
    ['package.json is one that the host accepts'],
    /must bind a major version/,
  ],
  'another host': [
    { packageJson: { engines: { node: '>=20', soulbox: '^7.0.0' } } },
    ['package.json is one that the host accepts'],
    /made for soulbox \^7\.0\.0/,
  ],
  'a script at installation': [
    { packageJson: { scripts: { postinstall: 'curl example.org' } } },
    ['nothing runs when it is installed'],
    /postinstall/,
  ],
  'an export that is not built': [
    { files: { 'dist/index.d.ts': undefined } },
    ['every export is there and is packed'],
    /index\.d\.ts is not there/,
  ],
  'an export that is not packed': [
    { packageJson: { files: ['lib'] } },
    ['every export is there and is packed'],
    /not among "files"/,
  ],
  'the SDK as its own copy': [
    { packageJson: { dependencies: { '@soulbox/plugin-sdk': '^1.0.0' }, peerDependencies: {} } },
    ['it depends on the contracts only'],
    /must be a peer dependency/,
  ],
  'the SDK twice': [
    { packageJson: { dependencies: { '@soulbox/plugin-sdk': '^1.0.0' } } },
    ['it depends on the contracts only'],
    /must not be a dependency as well/,
  ],
  'the host as a dependency': [
    { packageJson: { dependencies: { '@soulbox/core': '^1.0.0' } } },
    ['it depends on the contracts only'],
    /neither on the host/,
  ],
  'another plugin as a dependency': [
    { packageJson: { dependencies: { '@soulbox/plugin-other': '^1.0.0' } } },
    ['it depends on the contracts only'],
    /nor on another plugin/,
  ],
  'another id': [
    { packageJson: { soulbox: { id: 'bad' } } },
    ['the default export is a plugin of the same id'],
    /good/,
  ],
  'another capability': [
    { packageJson: { soulbox: { id: 'good', provides: ['store@1.0.0'] } } },
    [capabilities],
    /says soulbox\.provides store@1\.0\.0; the code says nothing/,
  ],
  'no plugin': [{ files: { 'dist/index.js': 'export default {};' } }, needsPlugin, /is not a plugin/],
  'types only': [{ packageJson: { exports: { '.': { types: './dist/index.d.ts' } } } }, needsPlugin, /names no module/],
  'exports that are null': [{ packageJson: { exports: { '.': null } } }, needsPlugin, /names no module/],
  'no README': [{ files: { 'README.md': undefined } }, ['the README names the package and every setting'], /not there/],
  'a README of something else': [
    { files: { 'README.md': '# other `port`' } },
    ['the README names the package and every setting'],
    /does not name the package/,
  ],
  'a setting that is not explained': [
    { files: { 'README.md': '# plugin-good' } },
    ['the README names the package and every setting'],
    /does not explain every setting/,
  ],
};
for (const [what, [change, breaks, says]] of Object.entries(bad)) {
  test(`a package with ${what} breaks just its rules, and is told why`, async () => {
    const folder = await writePackage(what.replaceAll(' ', '-'), change);
    for (const [name, rule] of packageRules) {
      if (breaks.includes(name)) await assert.rejects(rule(folder), says, name);
      else await rule(folder);
    }
  });
}
