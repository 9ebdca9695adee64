import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capabilityMismatch, definePlugin, inputJsonSchema, z } from '@soulbox/plugin-sdk';
import { createTestHost } from '../testing/test-host.ts';
import { defaultExport, targets } from './plugin-module.ts';

const text = z.string().min(1);
const dependencies = z.record(text, text).default({});

const PackageJsonSchema = z.looseObject({
  name: text,
  version: text,
  description: text,
  license: text,
  type: z.literal('module'),
  exports: z.looseObject({ '.': z.unknown() }),
  files: z.array(text).optional(),
  scripts: z.record(text, z.string()).default({}),
  engines: z.looseObject({ node: text, soulbox: text }),
  soulbox: z.looseObject({ id: text, provides: z.array(text).optional(), requires: z.array(text).optional() }),
  dependencies,
  peerDependencies: dependencies,
});

/** A plugin's package as it stands on disk. */
interface PackageOnDisk {
  readonly folder: string;
  readonly packageJson: z.infer<typeof PackageJsonSchema>;
}

type Rule = (found: PackageOnDisk) => void | Promise<void>;

function readPackage(folder: string): PackageOnDisk {
  const file = join(folder, 'package.json');
  const { data, error } = PackageJsonSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  assert.ok(data, `package.json: ${error && z.prettifyError(error)}`);
  return { folder, packageJson: data };
}

async function acceptedByHost({ packageJson }: PackageOnDisk): Promise<void> {
  const { id } = packageJson.soulbox;
  const idle = definePlugin({ id: 'idle', setup: () => {} });
  await using host = await createTestHost({ plugins: { candidate: { plugin: idle, packageJson } } });
  const candidate = host.host.plugins.find((plugin) => plugin.id === 'candidate');
  assert.equal(candidate?.state, 'active', `${id}: ${candidate?.reason}`);
}

function runsNothingWhenInstalled({ packageJson }: PackageOnDisk): void {
  for (const script of ['preinstall', 'install', 'postinstall'])
    assert.ok(!Object.hasOwn(packageJson.scripts, script), `package.json has a script "${script}"`);
}

function exportsWhatIsPacked({ folder, packageJson }: PackageOnDisk): void {
  const all = targets(packageJson.exports);
  for (const target of all) {
    assert.ok(existsSync(join(folder, target)), `exports: ${target} is not there`);
    const packed = packageJson.files?.map((entry) => `./${entry.replace(/^\.\//, '')}`) ?? ['./'];
    assert.ok(
      target === './package.json' || packed.some((entry) => target.startsWith(entry)),
      `exports: ${target} is not among "files"`,
    );
  }
}

function dependsOnContractsOnly({ packageJson }: PackageOnDisk): void {
  const sdk = '@soulbox/plugin-sdk';
  assert.ok(packageJson.peerDependencies[sdk], `${sdk} must be a peer dependency, so that host and plugin share one`);
  const others = [...Object.keys(packageJson.dependencies), ...Object.keys(packageJson.peerDependencies)];
  const forbidden = others.filter((name) => /^@soulbox\/(core$|plugin-)/.test(name) && name !== sdk);
  assert.deepEqual(forbidden, [], 'a plugin depends neither on the host nor on another plugin');
  assert.ok(!packageJson.dependencies[sdk], `${sdk} must not be a dependency as well`);
}

async function exportsItsPlugin(found: PackageOnDisk): Promise<void> {
  const { definition } = await defaultExport(found);
  assert.equal(definition.id, found.packageJson.soulbox.id);
}

async function listsItsCapabilities(found: PackageOnDisk): Promise<void> {
  const { definition } = await defaultExport(found);
  assert.equal(capabilityMismatch(found.packageJson.soulbox, definition), undefined);
}

async function explainsItself(found: PackageOnDisk): Promise<void> {
  const file = join(found.folder, 'README.md');
  assert.ok(existsSync(file), 'README.md is not there');
  const readme = readFileSync(file, 'utf8');
  assert.ok(readme.includes(found.packageJson.name), 'README.md does not name the package');
  const { config } = (await defaultExport(found)).definition;
  const settings = config ? Object.keys(inputJsonSchema(config)['properties'] ?? {}) : [];
  const missing = settings.filter((name) => !readme.includes(`\`${name}`));
  assert.deepEqual(missing, [], 'README.md does not explain every setting');
}

const rules: Readonly<Record<string, Rule>> = {
  'package.json is one that the host accepts': acceptedByHost,
  'nothing runs when it is installed': runsNothingWhenInstalled,
  'every export is there and is packed': exportsWhatIsPacked,
  'it depends on the contracts only': dependsOnContractsOnly,
  'the default export is a plugin of the same id': exportsItsPlugin,
  'package.json lists the capabilities that the code does, if it lists any': listsItsCapabilities,
  'the README names the package and every setting': explainsItself,
};

/** What every plugin's package keeps to, by what it says. Each rejects with an AssertionError. */
export const packageRules: ReadonlyMap<string, (folder: string) => Promise<void>> = new Map(
  Object.entries(rules).map(([says, rule]) => [says, async (folder: string) => rule(readPackage(folder))]),
);
