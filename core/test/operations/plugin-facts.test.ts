import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cache, optional, Store, token, z } from '@soulbox/plugin-sdk';
import { createTestHost, type TestHost } from '@soulbox/plugin-sdk/testing';
import { drawPlugins } from '../../src/plugins/drawing.ts';
import { failure } from '../support/expect.ts';
import { plugin } from '../support/plugins.ts';
import { writePackage } from '../support/plugin-package.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const Base = token<object>('base', '1.2.0');
const Absent = token('absent', '1.0.0');

async function sampleHost(): Promise<TestHost> {
  const base = plugin('base', (context) => context.provide(Base, {}), { provides: [Base] });
  const user = plugin('user', () => undefined, {
    requires: { base: Base, store: Store, caches: Cache, spare: optional(Absent) },
    config: z.strictObject({ size: z.int().default(1) }),
  });
  const needy = plugin('needy', () => undefined, { requires: { absent: Absent } });
  return createTestHost({ plugins: { base: { plugin: base }, user: { plugin: user }, needy: { plugin: needy } } });
}

interface Uses {
  readonly uses: readonly Record<string, unknown>[];
}
const why = async (host: TestHost, name: string) => ((await host.call('plugins.why', { name })) as Uses).uses;

describe('plugins.info', () => {
  it('tells of a plugin what its package and its code say', async () => {
    await using folder = await temporaryFolder();
    const soulbox = { id: 'p', isolation: ['inline', 'process'], permissions: { hooks: ['*'] } };
    const path = await writePackage(folder, 'p', { packageJson: { soulbox } });
    await using host = await createTestHost({ plugins: { p: { folder: path, isolation: 'process' } } });
    const info = (await host.call('plugins.info', { id: 'p' })) as Record<string, unknown>;
    const { boundary, permissions, ...rest } = info;
    assert.equal((boundary as { crashes: string }).crashes, 'own-process');
    assert.deepEqual((permissions as { hooks: string[] }).hooks, ['*']);
    assert.deepEqual(rest, {
      id: 'p',
      package: path,
      version: '1.2.3',
      integrity: null,
      state: 'active',
      reason: null,
      isolation: 'process',
      isolations: ['inline', 'process'],
      engines: { soulbox: '^1.0.0', node: null },
      provides: [],
      requires: [],
      commands: [],
      configSchema: null,
    });
  });

  it('tells the settings and capabilities of one that runs, and what is known of one that does not', async () => {
    await using folder = await temporaryFolder();
    const provides = ['x.y@1.0.0'];
    const soulbox = {
      id: 'p',
      provides,
      requires: ['base@1.0.0'],
      commands: [{ name: 'c', summary: 's', export: './c' }],
    };
    const liar = await writePackage(folder, 'liar', { packageJson: { soulbox } });
    const none = await writePackage(folder, 'none', { packageJson: { engines: {} } });
    await using host = await createTestHost({ plugins: { liar: { folder: liar }, none: { folder: none } } });
    const found = (await host.call('plugins.info', { id: 'liar' })) as Record<string, unknown>;
    assert.deepEqual([found['state'], found['provides'], found['commands']], ['failed', provides, ['c']]);
    const unknown = (await host.call('plugins.info', { id: 'none' })) as Record<string, unknown>;
    const { version, engines, permissions, isolations } = unknown;
    assert.deepEqual([version, engines, permissions, isolations], [null, { soulbox: null, node: null }, null, []]);
    await using sample = await sampleHost();
    const user = (await sample.call('plugins.info', { id: 'user' })) as { configSchema: object; requires: string[] };
    assert.deepEqual(Object.keys((user.configSchema as { properties: object }).properties), ['size']);
    assert.deepEqual(user.requires, ['absent@1.0.0?', 'base@1.2.0', 'cache@1.0.0?', 'store@1.0.0']);
    await assert.rejects(sample.call('plugins.info', { id: 'x' }), failure('not_found', /no plugin x/));
  });
});

describe('plugins.why', () => {
  it('tells who requires and provides a capability, and why a plugin is not up', async () => {
    await using host = await sampleHost();
    const common = {
      capability: 'base@1.2.0',
      optional: false,
      provider: 'base',
      providerState: 'active',
      reason: null,
    };
    assert.deepEqual(await why(host, 'base'), [{ plugin: 'user', state: 'active', ...common }]);
    assert.deepEqual(await why(host, 'base@1.2.0'), await why(host, 'base'));
    const user = await why(host, 'user');
    assert.deepEqual(
      user.map(({ capability, provider, optional: mayLack }) => [capability, provider, mayLack]),
      [
        ['absent@1.0.0', null, true],
        ['base@1.2.0', 'base', false],
        ['cache@1.0.0', null, true],
        ['store@1.0.0', 'memory-store', false],
      ],
    );
    const [needy] = await why(host, 'needy');
    assert.deepEqual([needy?.['state'], needy?.['provider']], ['failed', null]);
    assert.match(String(needy?.['reason']), /requires absent@1\.0\.0, which no other plugin provides/);
  });

  it('tells what nobody requires, and what nobody knows', async () => {
    await using host = await sampleHost();
    const [driver] = await why(host, 'sandbox-driver');
    assert.deepEqual([driver?.['plugin'], driver?.['provider']], [null, 'scripted-sandbox']);
    const [api] = await why(host, 'api');
    assert.deepEqual([api?.['plugin'], api?.['provider'], api?.['providerState']], [null, 'core', null]);
    await assert.rejects(why(host, 'nothing'), failure('not_found', /called nothing/));
  });
});

describe('plugins.graph', () => {
  it('draws plugins and what they require of each other', async () => {
    await using host = await sampleHost();
    const { text } = (await host.call('plugins.graph', {})) as { text: string };
    assert.match(text, /^digraph plugins \{\n/);
    assert.match(text, /^ {2}"needy" \[label="needy\\nfailed"\];$/m);
    assert.match(text, /^ {2}"user" -> "base" \[label="base@1\.2\.0"\];$/m);
    assert.doesNotMatch(text, /absent/);
    const mermaid = (await host.call('plugins.graph', { format: 'mermaid' })) as { text: string };
    assert.match(mermaid.text, /^flowchart LR\n/);
    assert.match(mermaid.text, /\n {2}n\d+\["user<br>active"\]\n/);
    await assert.rejects(host.call('plugins.graph', { format: 'png' }), failure('invalid_params'));
  });

  it('draws the host where it is required, and what may be missing as a dotted line', () => {
    const plugins = [{ id: 'a', state: 'active' }];
    const use = {
      plugin: 'a',
      state: 'active',
      capability: 'api@1.0.0',
      optional: true,
      provider: 'core',
      providerState: null,
      reason: null,
    };
    assert.match(
      drawPlugins('dot', plugins, [use]),
      /"core" \[.*\n.*\n {2}"a" -> "core" \[label="api@1\.0\.0", style=dashed\];/,
    );
    assert.match(drawPlugins('mermaid', plugins, [use]), /n1 -\.->\|"api@1\.0\.0"\| n0\n$/);
  });
});
