import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { packages } from './packages.ts';
import { suitesOf } from './suites.ts';
import { allFiles, read, root } from './tree.ts';

/** The suite of each contract. */
const contractSuites: Readonly<Record<string, string>> = {
  'auth-provider': 'authProviderSuite',
  cache: 'cacheSuite',
  'language-runtime': 'languageRuntimeSuite',
  'sandbox-driver': 'sandboxDriverSuite',
  'scaling-policy': 'scalingPolicySuite',
  store: 'storeSuite',
  transport: 'transportSuite',
};

interface Isolatable {
  readonly dir: string;
  readonly soulbox: {
    readonly id: string;
    readonly permissions?: { readonly hooks?: readonly string[]; readonly operations?: readonly string[] };
  };
}

function isolatable(): Isolatable[] {
  return packages().flatMap(({ dir, manifest }) => {
    const soulbox: (Isolatable['soulbox'] & { readonly isolation?: readonly string[] }) | undefined = manifest.soulbox;
    return dir.startsWith('plugins/') && soulbox?.isolation?.includes('process') ? [{ dir, soulbox }] : [];
  });
}

/** The suites that a plugin has to pass, by what it provides, adds and taps. */
async function owed({ dir, soulbox }: Isolatable): Promise<string[]> {
  const { default: plugin } = (await import(pathToFileURL(`${root}${dir}/dist/src/index.js`).href)) as {
    default: { definition: { provides?: readonly { id: string }[] } };
  };
  const { hooks = [], operations = [] } = soulbox.permissions ?? {};
  const contracts = (plugin.definition.provides ?? []).map(({ id }) => contractSuites[id] ?? `a suite of ${id}`);
  return [
    'lifecycleSuite',
    ...contracts,
    ...(operations.length > 0 ? ['operationSuite'] : []),
    ...(hooks.length > 0 ? ['hookSuite'] : []),
  ];
}

test('each plugin that can be isolated passes its suites inline and isolated', async (t) => {
  const plugins = isolatable();
  let seen = 0;
  for (const plugin of plugins) {
    const files = allFiles().filter((file) => file.startsWith(`${plugin.dir}/test/`) && file.endsWith('.test.ts'));
    const suites = files.flatMap((file) => suitesOf(file, read(file)));
    // What a package says of itself is the same wherever it runs.
    const oneWay = suites.filter(({ name, bothWays }) => !bothWays && name !== 'packageSuite');
    assert.deepEqual(oneWay, [], `${plugin.dir}: registered one way only`);
    const registered = new Set(suites.map(({ name }) => name));
    assert.deepEqual(
      (await owed(plugin)).filter((name) => !registered.has(name)),
      [],
      `${plugin.dir}: not registered`,
    );
    seen += suites.filter(({ bothWays }) => bothWays).length;
  }
  t.diagnostic(`${plugins.length} plugins, ${seen} suites both ways`);
  assert.ok(plugins.length >= 7 && seen >= 2 * plugins.length, 'the walk missed plugins or suites');
});

test('a suite that is registered one way is found', () => {
  const source = `import { bothWays, cacheSuite, storeSuite } from '@soulbox/plugin-sdk/conformance';
import { otherSuite } from './elsewhere.ts';
bothWays(folder, (way) => { if (way) storeSuite({}); });
cacheSuite({});
otherSuite();`;
  assert.deepEqual(suitesOf('x.test.ts', source), [
    { name: 'storeSuite', bothWays: true },
    { name: 'cacheSuite', bothWays: false },
  ]);
});
