import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { PermissionsSchema, tokens, type ExecutionResult } from '@soulbox/plugin-sdk';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import { configFrom } from '../../src/config/load.ts';
import { importIsolated } from '../../src/isolation/import-isolated.ts';
import { failure } from '../support/expect.ts';
import { processLives, strangerHost, until } from '../support/isolated-plugin.ts';
import { recordingLog } from '../support/log.ts';
import { writePackage } from '../support/plugin-package.ts';
import { plugin, recordOf } from '../support/plugins.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const hello = { language: 'script', code: 'out hello' };
const operation = `sdk.defineOperation({ name: 'stranger.count', summary: 'Counts.', permission: 'stranger:count',
  owner: { kind: 'host' }, effect: 'read', errors: [], params: sdk.z.strictObject({ to: sdk.z.int().max(9) }),
  result: sdk.z.object({ sum: sdk.z.int() }), event: sdk.z.object({ n: sdk.z.int() }) })`;

describe('a plugin in a process of its own', () => {
  it('taps hooks, with its settings, and its answers count', async () => {
    await using stranger = await strangerHost({
      head: 'const config = sdk.z.strictObject({ word: sdk.z.string().default("no") });',
      body: `config, setup({ hooks, config }) {
        hooks.tap('execution.veto', ({ request }) => (request.code === 'out no' ? { reason: config.word } : undefined));
        hooks.tap('execution.output', (bytes, { stream }, { signal, log }) => {
          log.info({ aborted: signal.aborted }, stream);
          return Buffer.from(bytes.toString('utf8').toUpperCase());
        });
        const tap = hooks.tap('execution.veto', () => ({ reason: 'always' }));
        tap[Symbol.dispose]();
      }`,
      config: { word: 'never' },
    });
    const { host } = stranger;
    const { stdout } = (await host.call('executions.create', hello)) as ExecutionResult;
    assert.equal(stdout, 'HELLO\n');
    await assert.rejects(
      host.call('executions.create', { ...hello, code: 'out no' }),
      failure('execution_vetoed', /never/),
    );
    const record = recordOf(host, 'stranger');
    assert.deepEqual([record.state, record.checked?.isolation], ['active', 'process']);
    const { pid, boundary } = record.instance!.loaded;
    assert.ok(pid !== null && pid !== process.pid && processLives(pid));
    assert.equal(boundary.crashes, 'own-process');
    await host.stop();
    assert.equal(processLives(pid), false);
    assert.equal(record.reason, null);
  });

  for (const isolation of ['inline', 'process'] as const)
    it(`may take its context apart (${isolation})`, async () => {
      await using stranger = await strangerHost({
        isolation,
        body: `async setup({ operation, effect, health, dataDir }) {
          const folder = await dataDir();
          await effect(() => () => undefined);
          health(async () => ({ status: 'degraded', detail: folder }));
          operation(${operation}, async ({ to }) => ({ sum: to }));
        }`,
      });
      assert.deepEqual(await stranger.host.call('stranger.count', { to: 3 }), { sum: 3 });
      const { plugins } = (await stranger.host.call('plugins.list')) as { plugins: { id: string; health: unknown }[] };
      assert.match(JSON.stringify(plugins.find(({ id }) => id === 'stranger')), /degraded.*plugins\/stranger/);
    });

  it('adds operations that check their parameters, stream and end with the call', async () => {
    await using stranger = await strangerHost({
      body: `setup(context) {
        context.operation(${operation}, async ({ to }, { emit, principal, log }) => {
          log.info(principal.id);
          for (let n = 1; n <= to; n += 1) await emit({ n });
          return { sum: (to * (to + 1)) / 2 };
        });
      }`,
    });
    const { host } = stranger;
    assert.deepEqual(await host.call('stranger.count', { to: 3 }), { sum: 6 });
    const events: unknown[] = [];
    for await (const item of host.stream('stranger.count', { to: 2 })) events.push(item);
    assert.deepEqual(events, [{ event: { n: 1 } }, { event: { n: 2 } }, { result: { sum: 3 } }]);
    await assert.rejects(host.call('stranger.count', { to: 10 }), failure('invalid_params', /to: /));
    const described = (await host.api.operations()).find(({ name }) => name === 'stranger.count');
    assert.equal(described?.plugin, 'stranger');
    assert.deepEqual(described.params['required'], ['to']);
    assert.ok(described.event);
  });

  it('requires and provides services, with live maps and optional ones', async () => {
    const Greeter = tokens<{ greet(name: string): Promise<string> }>('greeter', '1.0.0');
    await using stranger = await strangerHost({
      head: `const Greeter = sdk.tokens('greeter', '1.0.0'); const Absent = sdk.optional(sdk.token('absent', '1.2.0'));`,
      body: `requires: { store: sdk.Store, greeters: Greeter, absent: Absent }, provides: [Greeter], reload: 'exclusive',
      async setup(context, { store, greeters, absent }) {
        await store.define('things', { indexes: [] });
        await store.commit([{ op: 'put', collection: 'things', id: 'a', value: { n: 1 } }]);
        const { value } = await store.get('things', 'a');
        const missing = await store.get('things', 'b');
        context.provide(Greeter, { greet: async (name) => \`\${[...greeters.keys()]} \${name} \${value.n} \${missing} \${absent}\` }, 'far');
        context.health(async () => ({ status: 'degraded', detail: 'so so' }));
        context.log.info(await context.dataDir() + context.deploymentId);
        await context.effect(() => () => context.log.warn('given back'));
        await context.effect(() => undefined);
      }`,
      plugins: {
        near: {
          plugin: plugin('near', (context) => context.provide(Greeter, { greet: async (n) => `hi ${n}` }, 'near'), {
            provides: [Greeter],
          }),
        },
      },
    });
    const { host } = stranger;
    assert.equal(await host.service(Greeter, 'far')?.greet('you'), 'near,far you 1 undefined undefined');
    await host.call('plugins.list');
    assert.equal(recordOf(host, 'stranger').reason, 'so so');
    assert.equal(recordOf(host, 'stranger').instance?.loaded.plugin.definition.reload, 'exclusive');
  });

  it('defines hooks of its own that others tap, and wrong answers are told apart', async () => {
    await using stranger = await strangerHost({
      body: `setup({ hooks }) {
        const base = { timeoutMs: 1000, onError: 'fail', description: 'Asked.' };
        hooks.define('stranger.ask', { ...base, kind: 'bail', result: sdk.z.object({ yes: sdk.z.boolean() }) });
        hooks.define('stranger.tell', { ...base, kind: 'series' });
      }`,
    });
    const { hooks } = stranger.host.host;
    const owner = { id: 'me', log: stranger.host.host.log, signal: new AbortController().signal };
    let answer: unknown = { yes: true };
    hooks.tap(owner, 'stranger.ask' as never, (() => answer) as never);
    const call = hooks.call.bind(hooks) as unknown as (hook: string, arg: unknown) => Promise<unknown>;
    assert.deepEqual(await call('stranger.ask', {}), { yes: true });
    answer = { yes: 'perhaps' };
    await assert.rejects(call('stranger.ask', {}), failure('hook_invalid_result'));
  });

  it('may skip itself, and is told what is wrong with its settings and its line', async () => {
    await using skipping = await strangerHost({ body: `setup(context) { context.skip('no such hardware'); }` });
    const skipped = recordOf(skipping.host, 'stranger');
    assert.deepEqual([skipped.state, skipped.reason], ['skipped', 'no such hardware']);
    await using wrong = await strangerHost({
      body: `config: sdk.z.strictObject({ port: sdk.z.int() }), setup() {}`,
      config: { port: 'x' },
    });
    assert.match(recordOf(wrong.host, 'stranger').reason ?? '', /in memory: plugins\.stranger\.config\.port: /);
    await using refused = await strangerHost({ body: `setup() {}`, config: { anything: 1 } });
    assert.equal(recordOf(refused.host, 'stranger').state, 'active');
  });

  it('fails as an inline one does: in its import, its set-up, what it may not do, what it shall give back', async () => {
    const reasons = new Map<string, RegExp>([
      [`setup() { throw new Error('cannot'); }`, /cannot/],
      [`setup: 7`, /does not export a plugin/],
      [`setup({ hooks }) { hooks.tap('auth.authenticate', () => undefined); }`, /without declaring it/],
      [`setup({ hooks }) { hooks.define('foreign.hook', {}); }`, /may only define hooks named stranger/],
      [
        `setup(c) { return new Promise((resolve) => { setTimeout(() => { c.provide(sdk.Cache, {}, 'x'); resolve(); }, 5); }); }`,
        /does not list/,
      ],
      [
        `setup({ hooks }) { hooks.define('stranger.x', { kind: 'bail', timeoutMs: 1, onError: 'fail', description: '', result: sdk.z.fromJSONSchema({ type: 'string', pattern: '(' }) }); }`,
        /Invalid regular expression|JSON Schema/,
      ],
    ]);
    for (const [body, reason] of reasons) {
      await using stranger = await strangerHost({ body });
      const record = recordOf(stranger.host, 'stranger');
      assert.equal(record.state, 'failed', body);
      assert.match(record.reason ?? '', reason);
    }
    await using messy = await strangerHost({
      body: `async setup(c) { await c.effect(() => () => { throw new Error('kept it'); }, 'lamp'); }`,
    });
    await messy.host.stop();
    assert.match(recordOf(messy.host, 'stranger').reason ?? '', /did not stop cleanly/);
  });

  it('what it asks for after its set-up and is refused goes to the log', async () => {
    await using stranger = await strangerHost({
      body: `setup(c) { setTimeout(() => { c.hooks.tap('auth.authenticate', () => undefined); c.log.info('asked'); }, 20); }`,
    });
    await until(async () => (await stranger.host.call('plugins.list')) !== undefined, 'an answer');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(recordOf(stranger.host, 'stranger').state, 'active');
  });
});

describe('what holds a plugin in a process of its own', () => {
  const body = `provides: [sdk.tokens('peek', '1.0.0')], setup(context) { context.provide(sdk.tokens('peek', '1.0.0'), {
    async environment() { return Object.keys(process.env).filter((name) => name !== 'NODE_V8_COVERAGE').sort(); },
    async read() { return readFile('/etc/hostname').then(() => 'read', ({ code }) => code); },
    async start() { try { spawnSync('/bin/true'); return 'started'; } catch ({ code }) { return code; } },
    async own() { const file = join(await context.dataDir(), 'note'); await writeFile(file, 'x'); return (await readFile(file, 'utf8')); },
  }, 'it'); }`;
  const head = `import { readFile, writeFile } from 'node:fs/promises'; import { join } from 'node:path'; import { spawnSync } from 'node:child_process';`;
  const Peek = tokens<Record<'environment' | 'read' | 'start' | 'own', () => Promise<unknown>>>('peek', '1.0.0');

  it('has no environment, file or program but its own', async () => {
    await using stranger = await strangerHost({ head, body });
    const peek = stranger.host.service(Peek, 'it');
    assert.deepEqual(await peek?.environment(), []);
    assert.equal(await peek?.read(), 'ERR_ACCESS_DENIED');
    assert.equal(await peek?.start(), 'ERR_ACCESS_DENIED');
    assert.equal(await peek?.own(), 'x');
    const { boundary } = recordOf(stranger.host, 'stranger').instance!.loaded;
    assert.deepEqual(
      [boundary.environment, boundary.files, boundary.processes],
      ['granted-names', 'node-permission', 'node-permission'],
    );
  });

  it('gets what its manifest says, and that is then no boundary', async () => {
    process.env['STRANGERS_SECRET'] = 'word';
    const permissions = { secrets: ['STRANGERS_SECRET'], processes: true, files: { read: ['*'], write: ['*'] } };
    await using stranger = await strangerHost({ head, body, permissions });
    delete process.env['STRANGERS_SECRET'];
    const peek = stranger.host.service(Peek, 'it');
    assert.deepEqual([await peek?.environment()].flat().includes('STRANGERS_SECRET'), true);
    assert.equal(await peek?.read(), 'read');
    assert.equal(await peek?.start(), 'started');
    const { boundary } = recordOf(stranger.host, 'stranger').instance!.loaded;
    assert.deepEqual([boundary.files, boundary.processes, boundary.network], ['none', 'none', 'none']);
  });

  it('a file that is named can be read, and no other', async () => {
    await using stranger = await strangerHost({ head, body, permissions: { files: { read: ['/etc/hostname'] } } });
    assert.equal(await stranger.host.service(Peek, 'it')?.read(), 'read');
    assert.ok((await readFile('/etc/hostname')).length >= 0);
  });
});

describe('an isolated plugin that cannot be had', () => {
  it('lists other capabilities than its code', async () => {
    await using folder = await temporaryFolder();
    const soulbox = { id: 'p', isolation: ['process'], provides: ['x@1.0.0'] };
    const path = await writePackage(folder, 'p', { packageJson: { soulbox } });
    await using host = await createTestHost({ plugins: { p: { folder: path } } });
    const { error } = recordOf(host, 'p');
    assert.equal(error?.code, 'plugin_manifest_invalid');
    assert.match(error?.message ?? '', /says soulbox\.provides x@1\.0\.0; the code says nothing/);
  });

  it('has no folder, or must run where the configuration does not want it', async () => {
    const settings = { host: configFrom({}).config.host, log: recordingLog().log };
    const permissions = PermissionsSchema.parse({ files: { read: ['*'], write: ['*'] } });
    const manifest = { name: 'p', version: '1.0.0', engines: { soulbox: '^1.0.0' } };
    const soulbox = { id: 'p', isolation: ['process' as const], permissions, commands: [] };
    const found = { folder: '/no/such/folder', manifest: { ...manifest, soulbox } };
    let lost = 0;
    const importing = importIsolated('p', found, settings, { lost: () => (lost += 1) });
    await assert.rejects(importing, failure('plugin_process_lost', /ENOENT/));
    await using stranger = await strangerHost({ body: 'setup() {}', isolation: 'inline' });
    assert.equal(recordOf(stranger.host, 'stranger').checked?.isolation, 'inline');
    await using folder = await temporaryFolder();
    const path = await writePackage(folder, 'p', {});
    await using host = await createTestHost({ plugins: { p: { folder: path, isolation: 'process' } } });
    assert.match(recordOf(host, 'p').reason ?? '', /cannot run with isolation "process", only inline/);
  });

  it('sends what is no line of a log, and defines a hook that nobody understands', async () => {
    await using stranger = await strangerHost({
      body: `setup(context) {
        process.send({ jsonrpc: '2.0', method: 'root', params: { name: 'log', args: ['no JSON'] } });
        context.hooks.define('stranger.odd', { kind: 'bail', timeoutMs: 9, onError: 'fail', description: '',
          result: { '~standard': { jsonSchema: { output: () => ({ $ref: '#/nowhere' }) } } } });
      }`,
    });
    assert.match(recordOf(stranger.host, 'stranger').reason ?? '', /its JSON Schema is not understood/);
  });
});
