import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PermissionsSchema } from '@soulbox/plugin-sdk';
import { Bridge, type AnyFunction } from '../../src/isolation/bridge.ts';
import { endRunner, startRunner } from '../../src/isolation/runner-process.ts';
import { resolvePackage } from '../../src/plugins/resolve.ts';
import { failure } from '../support/expect.ts';
import { until } from '../support/isolated-plugin.ts';
import { recordingLog } from '../support/log.ts';
import { writePackage } from '../support/plugin-package.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

type Fn = (...args: unknown[]) => Promise<unknown>;
const sdk = dirname(fileURLToPath(import.meta.resolve('@soulbox/plugin-sdk/package.json')));

/** A runner without the permissions of Node.js, under which coverage could not be measured, and what it asked for. */
async function runner(folder: TemporaryFolder, body: string, refuse: Readonly<Record<string, Error>> = {}) {
  await mkdir(join(folder.path, 'node_modules/@soulbox'), { recursive: true });
  await symlink(sdk, join(folder.path, 'node_modules/@soulbox/plugin-sdk'));
  const code = `import * as sdk from '@soulbox/plugin-sdk';\nexport default sdk.definePlugin({ id: 'p', ${body} });`;
  const found = await resolvePackage(await writePackage(folder, 'p', { code }), []);
  const plan = { flags: [], files: 'none', processes: 'none', network: 'none' };
  const permissions = PermissionsSchema.parse({ secrets: ['HOME', 'NO_SUCH_VARIABLE'] });
  const child = startRunner({ folder: found.folder, permissions, plan, memoryBytes: 256 * 1024 * 1024 });
  const asked: [string, ...unknown[]][] = [];
  const root: Record<string, AnyFunction> = {};
  for (const name of [
    'tap',
    'define',
    'callHook',
    'dispose',
    'provide',
    'operation',
    'health',
    'dataDir',
    'log',
    'fatal',
  ])
    root[name] = (...args: unknown[]) => {
      if (refuse[name]) throw refuse[name];
      asked.push([name, ...args]);
      return name === 'dataDir' ? '/data' : undefined;
    };
  const { log } = recordingLog();
  const bridge = new Bridge(root, { send: (message) => void child.send(message), log });
  child.on('message', (message) => bridge.receive(message));
  const of = (name: string) => asked.filter(([what]) => what === name).map(([, ...args]) => args);
  return { bridge, child, found, of, [Symbol.asyncDispose]: () => endRunner(child, 2_000) };
}

const setUp = (bridge: Bridge) => bridge.root('setup', [{ id: 'p', deploymentId: 'd' }, {}]);

describe('the process of an isolated plugin', () => {
  it('describes its plugin, and asks the host for all that set-up does', async () => {
    await using folder = await temporaryFolder();
    await using run = await runner(
      folder,
      `config: sdk.z.strictObject({ n: sdk.z.int() }), reload: 'exclusive',
      requires: { store: sdk.Store, maybe: sdk.optional(sdk.Cache) }, provides: [sdk.Cache],
      async setup(context) {
        const nothing = sdk.z.object({});
        const policy = { timeoutMs: 9, onError: 'fail', description: 'x' };
        context.hooks.define('p.ask', { ...policy, kind: 'bail', result: nothing });
        context.hooks.define('p.tell', { ...policy, kind: 'series' });
        const tap = context.hooks.tap('execution.veto', (_, { signal, log }) => {
          log.info('looked');
          return { reason: String(signal.aborted) };
        });
        context.hooks.tap('p.other', () => undefined, { timeoutMs: 5 })[Symbol.dispose]();
        await context.hooks.call('p.tell', { n: 1 });
        context.provide(sdk.Cache, { get: async () => context.config.n }, 'c');
        const operation = { name: 'p.do', summary: 's', permission: 'p:do', owner: { kind: 'host' }, effect: 'read', errors: [] };
        context.operation({ ...operation, params: sdk.z.strictObject({ to: sdk.z.int() }), result: nothing, event: nothing }, async ({ to }) => ({ to }));
        context.health(async () => ({ status: 'up' }));
        await context.effect(() => () => { throw new Error('kept'); }, 'lamp');
        await context.effect(() => undefined);
        context.log.info({ dir: await context.dataDir(), id: context.id, deployment: context.deploymentId });
        setTimeout(() => context.hooks.tap('p.late', () => undefined), 1);
        return () => undefined;
      }`,
    );
    const { bridge, of } = run;
    const described = (await bridge.root('import', [run.found])) as Record<string, unknown>;
    assert.deepEqual(
      [described['id'], described['reload'], Object.keys(described['requires'] as object)],
      ['p', 'exclusive', ['store', 'maybe']],
    );
    await assert.rejects(bridge.root('parseConfig', [{ n: 'x' }]), failure('config_invalid', /n: /));
    await bridge.root('parseConfig', [{ n: 7 }]);
    assert.equal(await bridge.root('ping', []), true);
    await setUp(bridge);
    assert.deepEqual(
      of('define').map(([, name]) => name),
      ['p.ask', 'p.tell'],
    );
    assert.deepEqual(of('callHook'), [['p.tell', { n: 1 }]]);
    const [[, , tap] = []] = of('tap');
    assert.deepEqual(await (tap as Fn)({ request: {} }), { reason: 'false' });
    await until(() => of('dispose').length === 1, 'the tap that was given back is told');
    const [[, service]] = of('provide') as unknown as [[unknown, { get: Fn }]];
    assert.equal(await service.get(), 7);
    const [[data, handler]] = of('operation') as unknown as [[{ event: unknown }, Fn]];
    assert.ok(data.event);
    assert.deepEqual(await handler({ to: 2 }, {}), { to: 2 });
    await assert.rejects(handler({ to: 'x' }, {}), failure('invalid_params'));
    await until(() => of('tap').length === 3, 'what is asked for after set-up arrives');
    const problems = (await bridge.root('stop', [1_000])) as { label: string }[];
    assert.deepEqual(
      problems.map(({ label }) => label),
      ['lamp'],
    );
    const lines = of('log').map(([line]) => String(line));
    assert.ok(lines.some((line) => line.includes('looked')) && lines.some((line) => line.includes('/data')));
  });

  it('tells a refusal during set-up by failing it, and a later one in the log', async () => {
    await using folder = await temporaryFolder();
    const body = `setup(context) { context.hooks.tap('execution.veto', () => undefined); }`;
    await using run = await runner(folder, body, { tap: new Error('refused') });
    await assert.rejects(setUp(run.bridge), failure('internal', /was not imported/));
    await run.bridge.root('import', [run.found]);
    await assert.rejects(setUp(run.bridge), /refused/);
    await using other = await temporaryFolder();
    const later = `setup(context) { setTimeout(() => context.health(async () => ({ status: 'up' })), 5); }`;
    await using second = await runner(other, later, { health: new Error('too late') });
    await second.bridge.root('import', [second.found]);
    assert.deepEqual(await second.bridge.root('stop', [10]), []);
    await setUp(second.bridge);
    await until(
      () => second.of('log').some(([line]) => /the host refused/.test(String(line))),
      'the refusal is logged',
    );
  });

  it('may skip itself, gives back at once what came too late, and logs no faster than can be read', async () => {
    await using folder = await temporaryFolder();
    await using skipping = await runner(folder, `setup(context) { context.skip('no GPU'); }`);
    await skipping.bridge.root('import', [skipping.found]);
    await assert.rejects(setUp(skipping.bridge), /no GPU/);
    await using other = await temporaryFolder();
    await using run = await runner(
      other,
      `setup(context) {
        for (let n = 0; n < 3000; n += 1) context.log.info({ n });
        void context.effect(async () => { await new Promise((done) => setTimeout(done, 50)); return () => context.log.warn('given back'); });
        setTimeout(() => context.log.warn('again'), 30);
      }`,
    );
    await run.bridge.root('import', [run.found]);
    await setUp(run.bridge);
    await run.bridge.root('stop', [1_000]);
    const lines = () => run.of('log').map(([line]) => String(line));
    await until(() => lines().some((line) => line.includes('given back')), 'it is given back');
    assert.ok(lines().length < 2_900 && lines().some((line) => /"omitted":\d+/.test(line)));
  });

  it('ends over what it throws later, having said what, and with its host, but not with its terminal', async () => {
    await using folder = await temporaryFolder();
    await using run = await runner(folder, `setup() { setTimeout(() => { throw 'a word'; }, 1); }`);
    await run.bridge.root('import', [run.found]);
    const exited = once(run.child, 'exit');
    await setUp(run.bridge);
    assert.deepEqual((await exited)[0], 70);
    assert.match(String(run.of('fatal')[0]?.[0]), /a word/);
    await using other = await temporaryFolder();
    await using calm = await runner(other, `setup() {}`);
    await calm.bridge.root('import', [calm.found]);
    calm.child.kill('SIGINT');
    assert.equal(await calm.bridge.root('ping', []), true);
    const ended = once(calm.child, 'exit');
    calm.child.disconnect();
    assert.deepEqual(await ended, [0, null]);
    await endRunner(calm.child, 1);
  });
});
