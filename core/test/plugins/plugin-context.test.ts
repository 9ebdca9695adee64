import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  AuthProvider,
  defineOperation,
  token,
  z,
  type HookName,
  type PluginContext,
  type Principal,
} from '@soulbox/plugin-sdk';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import { authenticate } from '../../src/access/authenticate.ts';
import { failure } from '../support/expect.ts';
import { plugin, recordOf } from '../support/plugins.ts';

const Thing = token<object>('thing', '1.0.0');
const credentials = { scheme: 'bearer', value: 'k', remote: null };
const root: Principal = { id: 'root', tenant: 't', roles: [], scopes: ['*'] };

/** The context of a plugin that runs in a host of its own. */
async function running(more: Parameters<typeof plugin>[2] = {}, config: Record<string, unknown> = {}) {
  let context: PluginContext | undefined;
  const it = plugin('it', (given) => void (context = given), more);
  const host = await createTestHost({ plugins: { it: { plugin: it, config } } });
  assert.ok(context, recordOf(host, 'it').error?.message);
  return { host, context, [Symbol.asyncDispose]: host.stop };
}

test('the settings are those that the schema yields, and cannot be changed', async () => {
  await using it = await running(
    { config: z.strictObject({ port: z.int().default(7), name: z.string() }) },
    { name: 'x' },
  );
  assert.deepEqual(it.context.config, { port: 7, name: 'x' });
  assert.throws(() => Object.assign(it.context.config as object, { port: 8 }), TypeError);
});

test('a plugin without a schema gets its settings as they are written', async () => {
  await using it = await running({}, { any: 'thing' });
  assert.deepEqual(it.context.config, { any: 'thing' });
});

test('the data folder is for the plugin and the owner of the host only, and stays', async () => {
  await using it = await running();
  const folder = await it.context.dataDir();
  assert.equal(folder, join(it.host.dataDir, 'plugins/it'));
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  await writeFile(join(folder, 'x'), '');
  assert.equal(await it.context.dataDir(), folder);
  assert.deepEqual(await readdir(folder), ['x']);
  assert.match(it.context.deploymentId, /^[0-9a-f]{12}$/);
});

test('an instance with a colon in its name has a folder of its own', async () => {
  const folders: string[] = [];
  const it = plugin('it', async (context) => void folders.push(await context.dataDir()));
  await using host = await createTestHost({ plugins: { it: { plugin: it }, 'it:two': { plugin: it } } });
  assert.deepEqual(folders.toSorted(), [join(host.dataDir, 'plugins/it'), join(host.dataDir, 'plugins/it@two')]);
});

test('everything done through the context is undone when the plugin stops', async () => {
  const own = { kind: 'series', timeoutMs: 5, onError: 'isolate', description: 'x' } as const;
  const more = { provides: [Thing, AuthProvider] };
  await using host = await createTestHost({
    plugins: {
      it: {
        plugin: plugin(
          'it',
          (context) => {
            context.provide(Thing, {});
            const schemes = ['bearer'];
            const verify = () => Promise.resolve(root);
            context.provide(AuthProvider, { describe: () => Promise.resolve({ schemes }), verify }, 'own');
            context.hooks.tap('execution.settled', () => undefined);
            context.hooks.define('it.hook', own);
            context.operation(
              defineOperation({
                name: 'things.get',
                summary: 'Gets a thing.',
                params: z.strictObject({}),
                result: z.object({ got: z.boolean() }),
                permission: 'things:get',
                owner: { kind: 'host' },
                effect: 'read',
                errors: [],
              }),
              () => Promise.resolve({ got: true }),
            );
          },
          more,
        ),
      },
    },
  });
  const { hooks } = host.host;
  assert.ok(host.service(Thing));
  assert.deepEqual(recordOf(host, 'it').instance?.provided, ['thing', 'auth-provider:own']);
  assert.deepEqual(await authenticate(hooks, credentials), root);
  assert.deepEqual(await host.call('things.get'), { got: true });
  assert.ok(hooks.tapped('execution.settled'));
  await host.host.quarantine('it', new Error('out'));
  assert.equal(host.service(Thing), undefined);
  await assert.rejects(authenticate(hooks, credentials), failure('unauthenticated'));
  await assert.rejects(host.call('things.get'), failure('unknown_operation'));
  assert.equal(hooks.tapped('execution.settled'), false);
  assert.throws(() => hooks.tap({} as never, 'it.hook' as HookName, () => undefined), failure('plugin_failed'));
  assert.deepEqual(hooks.metrics('it'), []);
});

test('a tap that is given back early can be given back again, also by the stop', async () => {
  await using it = await running();
  const { hooks } = it.host.host;
  const tap = it.context.hooks.tap('execution.settled', () => undefined);
  for (let n = 0; n < 2; n += 1) tap[Symbol.dispose]();
  assert.equal(hooks.tapped('execution.settled'), false);
});

test('a third-party plugin taps authentication only if its manifest says so', async () => {
  const tapper = plugin('tapper', (context) => void context.hooks.tap('auth.authenticate', () => root));
  const packageJson = (hooks?: string[]) => ({
    name: 'tapper',
    version: '1.0.0',
    engines: { soulbox: '^1.0.0' },
    soulbox: { id: 'tapper', ...(hooks ? { permissions: { hooks } } : {}) },
  });
  for (const hooks of [undefined, [], ['auth.veto'], ['*']]) {
    await using host = await createTestHost({
      plugins: { tapper: { plugin: tapper, packageJson: packageJson(hooks) } },
    });
    assert.equal(recordOf(host, 'tapper').error?.code, 'hook_not_permitted');
    await assert.rejects(authenticate(host.host.hooks, credentials), failure('unauthenticated'));
  }
  const permitted = { plugin: tapper, packageJson: packageJson(['auth.authenticate']) };
  await using host = await createTestHost({ plugins: { tapper: permitted } });
  assert.deepEqual(await authenticate(host.host.hooks, credentials), root);
});

test('what is taken already, or belongs to others, is refused', async () => {
  const it = plugin(
    'it',
    (context) => {
      context.provide(Thing, {});
      assert.throws(() => context.provide(Thing, {}), failure('capability_conflict', /thing/, /it/));
      assert.throws(() => context.hooks.define('other.hook', {} as never), failure('plugin_failed', /it\.\*/));
    },
    { provides: [Thing] },
  );
  await using host = await createTestHost({ plugins: { it: { plugin: it } } });
  assert.equal(recordOf(host, 'it').state, 'active', recordOf(host, 'it').reason ?? '');
});

test('effects are undone, the last first; those without a disposer need not be', async () => {
  const events: string[] = [];
  const it = plugin('it', async (context) => {
    await context.effect(() => () => void events.push('a'));
    await context.effect(() => void events.push('done'));
    await context.effect((() => 5) as never, 'a number is no disposer');
    await context.effect(async () => async () => void events.push('b'), 'slow');
    await assert.rejects(
      context.effect(() => Promise.reject(new Error('cannot'))),
      /cannot/,
    );
    return () => void events.push('setup');
  });
  const host = await createTestHost({ plugins: { it: { plugin: it } } });
  await host.stop();
  assert.deepEqual(events, ['done', 'setup', 'b', 'a']);
  assert.equal(recordOf(host, 'it').reason, null);
});

test('what was being acquired when the plugin stopped is given back at once', async () => {
  const events: string[] = [];
  let finish = () => {};
  await using it = await running();
  const acquiring = it.context.effect(async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    return () => void events.push('undone');
  });
  await it.host.host.quarantine('it', new Error('out'));
  assert.ok(it.context.signal.aborted);
  finish();
  await acquiring;
  assert.deepEqual(events, ['undone']);
});

test('a plugin calls hooks of its own, and no others', async () => {
  const policy = { kind: 'waterfall', timeoutMs: 100, onError: 'fail', description: 'Asked.' } as const;
  const asked = 'owner.asked' as 'execution.output';
  const bytes = new Uint8Array([1]);
  const about = { id: 'x', stream: 'stdout', last: false } as const;
  let answer: Uint8Array | undefined;
  const owner = plugin('owner', async ({ hooks }) => {
    hooks.define(asked, policy);
    answer = await hooks.call(asked, bytes, about);
    await assert.rejects(hooks.call('execution.output', bytes, about), failure('plugin_failed', /not its own/));
  });
  await using host = await createTestHost({ plugins: { owner: { plugin: owner } } });
  assert.equal(recordOf(host, 'owner').state, 'active');
  assert.equal(answer, bytes);
});

test('a plugin adds only the operations that its manifest lists', async () => {
  const nothing = z.strictObject({});
  const party = defineOperation({
    name: 'house.party',
    summary: 'Celebrates.',
    params: nothing,
    result: nothing,
    permission: 'house:party',
    owner: { kind: 'host' },
    effect: 'write',
    errors: [],
  });
  const adder = plugin('adder', (context) => context.operation(party, async () => ({})));
  const packageJson = (operations: string[]) => ({
    name: 'adder',
    version: '1.0.0',
    engines: { soulbox: '^1.0.0' },
    soulbox: { id: 'adder', permissions: { operations } },
  });
  for (const [operations, state] of [
    [[], 'failed'],
    [['house.hold'], 'failed'],
    [['house.party'], 'active'],
    [['*'], 'active'],
  ] as const) {
    await using host = await createTestHost({
      plugins: { adder: { plugin: adder, packageJson: packageJson([...operations]) } },
    });
    assert.equal(recordOf(host, 'adder').state, state);
    if (state === 'failed') assert.equal(recordOf(host, 'adder').error?.code, 'operation_not_permitted');
  }
});
