import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definePlugin, Store, token, z, type Disposer, type ErrorCode, type Plugin } from '@soulbox/plugin-sdk';
import { createTestHost, MemoryStore } from '@soulbox/plugin-sdk/testing';
import { configFrom, loadConfig } from '../../src/config/load.ts';
import { Host } from '../../src/host.ts';
import { failure } from '../support/expect.ts';
import { pluginCode, writePackage } from '../support/plugin-package.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const Thing = token<object>('thing', '1.0.0');
const shortly = { host: { pluginStartMs: 500, pluginStopMs: 500 } };
const noConfig = z.strictObject({});
const silentStore = {
  plugin: definePlugin({ id: 's', provides: [Store], setup: (c) => c.provide(Store, new MemoryStore()) }),
};

function plugin(setup: Plugin['definition']['setup'], more: Partial<Plugin['definition']> = {}): Plugin {
  return { $soulbox: 1, definition: { id: 'bad', setup, ...more } };
}

const never = () => new Promise<never>(() => {});
const failing: Record<string, [Plugin, ErrorCode, RegExp]> = {
  'throws in setup': [
    plugin(() => {
      throw new Error('no disk');
    }),
    'plugin_failed',
    /no disk/,
  ],
  'rejects in setup': [plugin(() => Promise.reject(new Error('no disk'))), 'plugin_failed', /no disk/],
  'throws what is no error': [
    plugin(() => {
      // What plugins without types may do.
      // oxlint-disable-next-line typescript/only-throw-error
      throw 'text';
    }),
    'plugin_failed',
    /not an error/,
  ],
  'hangs in setup': [plugin(never), 'plugin_timeout', /plugin bad was not set up within 500 ms/],
  'provides what it did not declare': [
    plugin((context) => context.provide(Thing, {})),
    'plugin_failed',
    /plugin bad provides thing, which its definition does not list/,
  ],
  'provides what is no object': [
    plugin((context) => context.provide(Thing, 'text' as never), { provides: [Thing] }),
    'plugin_failed',
    /thing with something that is not an object/,
  ],
  'does not provide what it declared': [
    plugin(() => undefined, { provides: [Thing] }),
    'plugin_failed',
    /lists thing under provides but did not provide it/,
  ],
  'taps a privileged hook without permission': [
    plugin((context) => void context.hooks.tap('auth.authenticate', () => ({ id: 'root' }) as never)),
    'hook_not_permitted',
    /auth\.authenticate/,
  ],
  'taps a hook that does not exist': [
    plugin((context) => void context.hooks.tap('no.such' as never, (() => undefined) as never)),
    'plugin_failed',
    /no\.such/,
  ],
  'requires what nobody provides': [
    plugin(() => undefined, { requires: { thing: Thing } }),
    'capability_missing',
    /thing/,
  ],
  'has no setup': [{ $soulbox: 1, definition: { id: 'bad' } as never }, 'plugin_manifest_invalid', /setup/],
  'has a requirement that is undefined': [
    plugin(() => undefined, { requires: { thing: undefined as never } }),
    'plugin_manifest_invalid',
    /requires\.thing/,
  ],
};
for (const [what, [bad, code, pattern]] of Object.entries(failing)) {
  test(`a plugin that ${what} is named and out of service; the host serves`, async () => {
    await using host = await createTestHost({ plugins: { bad: { plugin: bad } }, config: shortly });
    const { plugins } = (await host.call('plugins.list')) as {
      plugins: { id: string; state: string; error: { code: string; message: string } }[];
    };
    const listed = plugins.find(({ id }) => id === 'bad');
    assert.deepEqual([listed?.state, listed?.error.code], ['failed', code]);
    assert.match(listed?.error.message ?? '', pattern);
    assert.equal(((await host.call('host.info')) as { state: string }).state, 'ready');
    assert.equal(host.service(Thing), undefined);
  });
}

test('a plugin with a wrong engine range is refused before its code runs, by file and line', async () => {
  await using folder = await temporaryFolder();
  await writePackage(folder, 'old', {
    code: 'globalThis.soulboxTestRan = true;',
    packageJson: { engines: { soulbox: '^0.9.0' } },
  });
  await folder.write(
    'soulbox.yaml',
    'host:\n  logLevel: silent\n  dataDir: data\nplugins:\n  old:\n    package: ./old\n',
  );
  const config = await loadConfig({ file: 'soulbox.yaml', cwd: folder.path });
  const host = new Host({ config, plugins: { store: silentStore }, listen: false });
  await host.start();
  const [old] = host.plugins;
  assert.deepEqual([old?.state, old?.error?.code], ['failed', 'plugin_engine_mismatch']);
  assert.match(old?.source.where ?? '', /soulbox\.yaml:5$/);
  assert.equal('soulboxTestRan' in globalThis, false);
  await host.stop();
});

test('an import that throws or hangs fails its plugin only', async () => {
  await using folder = await temporaryFolder();
  await writePackage(folder, 'throws', { id: 'throws', code: 'throw new Error("at the top");' });
  await writePackage(folder, 'hangs', { id: 'hangs', code: 'await new Promise(() => {});' });
  await writePackage(folder, 'syntax', { id: 'syntax', code: 'export default {' });
  await writePackage(folder, 'good', { id: 'good', code: pluginCode('good') });
  const ids = ['throws', 'hangs', 'syntax', 'good', 'missing'];
  const entries = ids.map((id) => `  ${id}: { package: ./${id} }\n`).join('');
  const host = { logLevel: 'silent', dataDir: 'data', pluginStartMs: 3_000 };
  await folder.write('soulbox.yaml', `host: ${JSON.stringify(host)}\nplugins:\n${entries}`);
  const config = await loadConfig({ file: 'soulbox.yaml', cwd: folder.path });
  const started = new Host({ config, plugins: { store: silentStore }, listen: false });
  await started.start();
  const codes = Object.fromEntries(started.plugins.map(({ id, state, error }) => [id, error?.code ?? state]));
  assert.deepEqual(codes, {
    throws: 'plugin_failed',
    hangs: 'plugin_timeout',
    syntax: 'plugin_failed',
    good: 'active',
    missing: 'plugin_not_found',
    store: 'active',
  });
  await started.stop();
});

test('wrong settings of a plugin are all reported, each with its line', async () => {
  await using folder = await temporaryFolder();
  const lines = ['host: { logLevel: silent, dataDir: data }', 'plugins:', '  a:', '    package: ./a', '    config:'];
  await folder.write('soulbox.yaml', [...lines, '      port: high', '      deep:', '        mode: 7', ''].join('\n'));
  const schema = `{ '~standard': { version: 1, vendor: 't', validate: () => ({ issues: [
    { message: 'must be a number', path: ['port'] },
    { message: 'must be text', path: ['deep', 'mode'] },
    { message: 'is odd' } ] }) } }`;
  await writePackage(folder, 'a', { id: 'a', code: pluginCode('a', `config: ${schema}, setup() {}`) });
  const config = await loadConfig({ file: 'soulbox.yaml', cwd: folder.path });
  const host = new Host({ config, plugins: { store: silentStore }, listen: false });
  await host.start();
  const [a] = host.plugins;
  failure(
    'config_invalid',
    /soulbox\.yaml:6: plugins\.a\.config\.port: must be a number$/m,
    /soulbox\.yaml:8: plugins\.a\.config\.deep\.mode: must be text$/m,
    /soulbox\.yaml:5: plugins\.a\.config: is odd$/m,
  )(a?.error);
  await host.stop();
});

test('a required plugin that fails keeps the host from starting, and nothing is left of it', async () => {
  let stopped = false;
  const other = plugin(() => () => void (stopped = true), { id: 'other' });
  const cases: [Plugin, ErrorCode, RegExp][] = [
    [
      plugin(() => Promise.reject(new Error('no disk'))),
      'plugin_failed',
      /plugin bad \(in memory\) is required: no disk/,
    ],
    [plugin((context) => context.skip('no GPU here')), 'plugin_failed', /is required: no GPU here/],
    [plugin(() => undefined, { config: noConfig }), 'config_invalid', /is required: .*x/],
  ];
  for (const [bad, code, pattern] of cases) {
    stopped = false;
    const plugins = { other: { plugin: other }, bad: { plugin: bad, required: true, config: { x: 1 } } };
    await assert.rejects(createTestHost({ plugins }), failure(code, pattern));
    assert.equal(stopped, true);
  }
});

test('without a store there is no host', async () => {
  await using folder = await temporaryFolder();
  const config = configFrom({ host: { logLevel: 'silent', dataDir: folder.path } });
  await assert.rejects(new Host({ config, listen: false }).start(), failure('capability_missing', /store/));
});

const disposers: Record<string, Disposer> = {
  throws: () => {
    throw new Error('cannot');
  },
  rejects: () => Promise.reject(new Error('cannot')),
  hangs: never,
};
for (const [what, dispose] of Object.entries(disposers)) {
  test(`a plugin that ${what} when it stops is named, and the others stop`, async () => {
    let othersStopped = false;
    const plugins = {
      other: { plugin: plugin(() => () => void (othersStopped = true), { id: 'other' }) },
      bad: { plugin: plugin(() => dispose) },
    };
    const host = await createTestHost({ plugins, config: shortly });
    await host.stop();
    const bad = host.host.plugins.find(({ id }) => id === 'bad');
    assert.deepEqual([bad?.state, bad?.reason], ['stopped', 'did not stop cleanly: setup']);
    assert.equal(othersStopped, true);
  });
}

test('a set-up that ends too late gives back what it took, and cannot do anything more', async () => {
  let late: (() => void) | undefined;
  const events: string[] = [];
  const slow = plugin(
    async (context) => {
      await context.effect(() => () => void events.push('first effect undone'));
      await new Promise<void>((resolve) => (late = resolve));
      assert.equal(context.signal.aborted, true);
      for (const attempt of [
        () => context.provide(Thing, {}),
        () => context.hooks.tap('host.ready', () => undefined),
        () => context.hooks.define('bad.hook', { kind: 'series', timeoutMs: 5, onError: 'fail', description: '' }),
      ])
        assert.throws(attempt, failure('plugin_failed', /this plugin has stopped/));
      await assert.rejects(
        context.effect(() => void events.push('never')),
        failure('plugin_failed', /has stopped/),
      );
      return () => void events.push('set-up undone');
    },
    { provides: [Thing] },
  );
  await using host = await createTestHost({ plugins: { bad: { plugin: slow } }, config: shortly });
  assert.deepEqual(events, ['first effect undone']);
  late?.();
  while (events.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(events, ['first effect undone', 'set-up undone']);
  assert.equal(host.host.plugins.find(({ id }) => id === 'bad')?.error?.code, 'plugin_timeout');
});
