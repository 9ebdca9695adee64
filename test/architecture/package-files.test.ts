import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { inputJsonSchema, type Plugin, type Schema } from '@soulbox/plugin-sdk';
import { packages, type Package } from './packages.ts';
import { allFiles, read, root } from './tree.ts';

const all = packages();
const files = allFiles();
const published = all.filter(({ manifest }) => manifest.private !== true);
const plugins = all.filter(({ manifest }) => manifest.soulbox !== undefined);

test('the walk sees every package', (t) => {
  t.diagnostic(`${published.length} public packages, ${plugins.length} plugins`);
  assert.ok(plugins.length >= 7 && published.length === plugins.length + 3);
});

for (const { dir, manifest } of published)
  test(`${manifest.name} has what a package needs`, () => {
    assert.match(manifest.version, /^\d+\.\d+\.\d+/);
    for (const name of ['LICENSE', 'README.md']) assert.ok(files.includes(`${dir}/${name}`), `no ${name}`);
    assert.equal(read(`${dir}/LICENSE`), read('LICENSE'), 'the licence of the repository');
    assert.match(read(`${dir}/README.md`), new RegExp(`^# ${manifest.name}$`, 'm'));
    if (dir !== 'config')
      assert.ok(
        files.some((file) => file.startsWith(`${dir}/test/`) && file.endsWith('.test.ts')),
        'tests',
      );
  });

/** The first column of the tables in a README, where it is code. */
function documentedKeys(readme: string): Set<string> {
  return new Set([...readme.matchAll(/^\|\s*`([^`]+)`/gm)].map(([, key]) => key ?? ''));
}

async function configKeys({ dir }: Package): Promise<string[]> {
  const url = pathToFileURL(join(root, dir, 'dist/src/index.js')).href;
  const { default: plugin } = (await import(url)) as { default: Plugin };
  const schema = plugin.definition.config;
  return schema === undefined ? [] : Object.keys(properties(inputJsonSchema(schema)));
}

/** The properties of a JSON Schema. */
function properties(schema: unknown): object {
  return (schema as { properties?: object }).properties ?? {};
}

test('the README of core explains every key of the configuration', async () => {
  const url = pathToFileURL(join(root, 'core/dist/src/config/schema.js')).href;
  const { ConfigSchema } = (await import(url)) as { ConfigSchema: Schema };
  const documented = documentedKeys(read('core/README.md'));
  const sections = Object.entries(properties(inputJsonSchema(ConfigSchema)));
  const keys = sections.flatMap(([section, schema]) => {
    const inner = Object.keys(properties(schema));
    return inner.length === 0 ? [section] : inner.map((key) => `${section}.${key}`);
  });
  assert.ok(keys.length > 15, 'the schema was not read');
  assert.deepEqual(
    keys.filter((key) => !documented.has(key)),
    [],
  );
});

for (const plugin of plugins) {
  const { dir, manifest } = plugin;
  test(`the README of ${manifest.name} explains every key of its configuration`, async () => {
    const documented = documentedKeys(read(`${dir}/README.md`));
    assert.deepEqual(
      (await configKeys(plugin)).filter((key) => !documented.has(key)),
      [],
    );
  });

  test(`${manifest.name} is named after its folder and id`, () => {
    assert.equal(dir, `plugins/${manifest.soulbox?.id}`);
    assert.equal(manifest.name, `@soulbox/plugin-${manifest.soulbox?.id}`);
  });
}
