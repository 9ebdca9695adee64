import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { RawClient } from '../support/rpc.ts';
import { startHost } from '../support/running-host.ts';
import { makeHome, root, type Home } from '../support/soulbox.ts';

/** Plugins of strangers, each wrong in its own way: the body of its definition, and what the host must say of it. */
const plugins: readonly {
  readonly id: string;
  readonly body: string;
  readonly engine?: string;
  readonly permissions?: object;
  readonly state: string;
  readonly says: RegExp;
}[] = [
  { id: 'throws-in-setup', body: `setup() { throw new Error('cannot'); }`, state: 'failed', says: /cannot/ },
  {
    id: 'hangs-in-setup',
    body: `setup() { return new Promise(() => {}); }`,
    state: 'failed',
    says: /was not set up within 5000 ms/,
  },
  {
    id: 'throws-in-hook',
    permissions: { hooks: ['execution.settled'] },
    body: `setup({ hooks }) { hooks.tap('execution.settled', () => { throw new Error('oops'); }); }`,
    state: 'active',
    says: /"hook":"execution.settled","calls":[1-9]\d*,"errors":[1-9]/,
  },
  {
    id: 'hangs-in-hook',
    permissions: { hooks: ['*'] },
    body: `setup({ hooks }) { hooks.tap('auth.decided', () => new Promise(() => {}), { timeoutMs: 50 }); }`,
    state: 'active',
    says: /"hook":"auth.decided","calls":[1-9]\d*,"errors":[1-9]/,
  },
  {
    id: 'leaks-a-timer',
    body: `setup() { setTimeout(() => { throw new Error('later'); }, 50); }`,
    state: 'failed',
    says: /later/,
  },
  {
    id: 'leaks-a-promise',
    body: `setup() { setTimeout(() => { Promise.reject(new Error('unheard')); }, 50); }`,
    state: 'failed',
    says: /unheard/,
  },
  { id: 'exits-in-setup', body: `setup() { process.exit(3); }`, state: 'failed', says: /called process.exit\(3\)/ },
  {
    id: 'exits-in-hook',
    permissions: { hooks: ['auth.decided'] },
    body: `setup({ hooks }) { hooks.tap('auth.decided', () => process.exit(4)); }`,
    state: 'failed',
    says: /called process.exit\(4\)/,
  },
  {
    id: 'exits-later',
    body: `setup() { setTimeout(() => process.exit(5), 50); }`,
    state: 'failed',
    says: /called process.exit\(5\)/,
  },
  {
    id: 'patches-arrays',
    body: `setup() { Array.prototype.map = () => ['patched']; }`,
    state: 'failed',
    says: /changed built-in objects .* put back: Array.prototype.map/,
  },
  {
    id: 'pollutes-later',
    body: `async setup() { await null; Object.prototype.polluted = () => true; }`,
    state: 'failed',
    says: /changed built-in objects .* put back: Object.prototype.polluted/,
  },
  {
    id: 'wrong-shape',
    body: `provides: [tokens('cache', '1.0.0')], setup(context) { context.provide(tokens('cache', '1.0.0'), { get() {} }, 'it'); }`,
    state: 'failed',
    says: /provides cache without the methods of its contract: set, delete/,
  },
  {
    id: 'shadows-an-operation',
    permissions: { operations: ['*'] },
    body: `setup(context) {
      const nothing = z.object({});
      const operation = { name: 'host.info', summary: '', params: nothing, result: nothing, errors: [] };
      context.operation({ ...operation, permission: 'host:read', owner: { kind: 'host' }, effect: 'read' }, async () => ({}));
    }`,
    state: 'failed',
    says: /operation host.info is added by core and by shadows-an-operation/,
  },
  {
    id: 'shadows-a-hook',
    body: `setup({ hooks }) { hooks.define('host.ready', { kind: 'series', timeoutMs: 5, onError: 'isolate', description: '' }); }`,
    state: 'failed',
    says: /may only define hooks named shadows-a-hook/,
  },
  { id: 'wrong-engine', engine: '^99.0.0', body: `setup() {}`, state: 'failed', says: /plugin_engine_mismatch/ },
  { id: 'unspecific-engine', engine: '*', body: `setup() {}`, state: 'failed', says: /not specific enough/ },
  {
    id: 'cycle-a',
    body: `requires: { b: token('b', '1.0.0') }, provides: [token('a', '1.0.0')], setup() {}`,
    state: 'failed',
    says: /plugin_cycle.*cycle-a.*soulbox.yaml:\d+.*cycle-b/,
  },
  {
    id: 'cycle-b',
    body: `requires: { a: token('a', '1.0.0') }, provides: [token('b', '1.0.0')], setup() {}`,
    state: 'failed',
    says: /plugin_cycle/,
  },
  {
    id: 'needs-what-is-not',
    body: `requires: { c: token('telepathy', '1.0.0') }, setup() {}`,
    state: 'failed',
    says: /capability_missing.*telepathy/,
  },
  {
    id: 'taps-auth',
    body: `setup({ hooks }) { hooks.tap('auth.authenticate', () => ({ id: 'x', tenant: 'x', roles: [], scopes: ['*'] })); }`,
    state: 'failed',
    says: /hook_not_permitted/,
  },
  {
    id: 'taps-auth-by-star',
    permissions: { hooks: ['*'] },
    body: `setup({ hooks }) { hooks.tap('auth.authenticate', () => ({ id: 'x', tenant: 'x', roles: [], scopes: ['*'] })); }`,
    state: 'failed',
    says: /hook_not_permitted/,
  },
  {
    id: 'taps-undeclared',
    body: `setup({ hooks }) { hooks.tap('execution.output', () => undefined); }`,
    state: 'failed',
    says: /hook_not_permitted.*execution.output/,
  },
  {
    id: 'adds-undeclared',
    body: `setup(context) {
      const nothing = z.object({});
      const operation = { name: 'house.party', summary: '', params: nothing, result: nothing, errors: [] };
      context.operation({ ...operation, permission: 'house:party', owner: { kind: 'host' }, effect: 'read' }, async () => ({}));
    }`,
    state: 'failed',
    says: /operation_not_permitted.*house.party/,
  },
];

async function install(home: Home): Promise<string> {
  await mkdir(join(home.folder, 'node_modules/@soulbox'), { recursive: true });
  await symlink(join(root, 'sdk-plugin'), join(home.folder, 'node_modules/@soulbox/plugin-sdk'));
  for (const { id, body, engine = '^1.0.0', permissions = {} } of plugins) {
    const folder = join(home.folder, id);
    await mkdir(folder);
    const manifest = {
      name: id,
      version: '1.0.0',
      type: 'module',
      exports: './index.js',
      engines: { soulbox: engine },
      soulbox: { id, permissions },
    };
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
    await writeFile(
      join(folder, 'index.js'),
      `import { definePlugin, token, tokens, z } from '@soulbox/plugin-sdk';\nexport default definePlugin({ id: '${id}', ${body} });\n`,
    );
  }
  return plugins.map(({ id }) => `  ${id}: { package: ./${id} }\n`).join('');
}

describe('a host with a misbehaving plugin of each kind', () => {
  it('comes up, names each of them, and runs programs all the same', async () => {
    const home = await makeHome();
    const host = await startHost({
      home,
      plugins: await install(home),
      yaml: 'host: { pluginStartMs: 5000, logLevel: silent }',
    });
    const client = await RawClient.open(host.url, host.key ?? '');
    const { result } = await client.call('executions.create', { language: 'python', code: 'print("all the same")' });
    assert.equal((result as ExecutionResult).stdout, 'all the same\n');
    const listed = ((await client.call('plugins.list')).result as { plugins: { id: string; state: string }[] }).plugins;
    for (const { id, state, says } of plugins) {
      const record = listed.find((plugin) => plugin.id === id);
      assert.equal(record?.state, state, `${id}: ${JSON.stringify(record)}`);
      assert.match(JSON.stringify(record), says);
    }
    const others = listed.filter((p) => !plugins.some((bad) => bad.id === p.id) && p.state !== 'active');
    assert.deepEqual(others, [], 'the others are not concerned');
    await client.close();
    assert.equal(await host.end('SIGTERM'), 0);
    await home[Symbol.asyncDispose]();
  });
});
