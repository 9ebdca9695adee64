import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definePlugin, SoulboxError, token } from '@soulbox/plugin-sdk';
import { createTestHost, testPrincipal } from '@soulbox/plugin-sdk/testing';
import plugin from '../index.js';

/** Another plugin: gives every snippet a first line, and lets no secret be kept. */
const house = definePlugin({
  id: 'house-style',
  requires: { library: token('snippet-library', '1.0.0') },
  setup({ hooks }) {
    hooks.tap('snippet-library.saving', (snippet, { name }) => {
      if (snippet.code.includes('SECRET')) throw new SoulboxError('invalid_params', 'code: holds a secret');
      return { ...snippet, code: `out ${name} says\n${snippet.code}` };
    });
  },
});

/** @param {import('node:test').TestContext} t @param {import('@soulbox/plugin-sdk/testing').TestHostOptions['plugins']} [more] */
async function started(t, more = {}) {
  const host = await createTestHost({ plugins: { 'snippet-library': { plugin }, ...more } });
  t.after(() => host.stop());
  return host;
}
const snippet = { name: 'hello', language: 'script', code: 'out hello\nstdin' };

test('what was saved is run, with what the caller gives it', async (t) => {
  const host = await started(t);
  assert.deepEqual(await host.call('snippets.save', snippet), { name: 'hello', version: 1 });
  assert.deepEqual(await host.call('snippets.save', snippet), { name: 'hello', version: 2 });
  assert.deepEqual(await host.call('snippets.get', { name: 'hello' }), { ...snippet, version: 2 });
  const ran = await host.call('snippets.run', { name: 'hello', stdin: 'world', labels: { a: 'b' } });
  const { verdict, stdout, labels } = /** @type {import('@soulbox/plugin-sdk').ExecutionResult} */ (ran);
  assert.deepEqual({ verdict, stdout, labels }, { verdict: 'ok', stdout: 'hello\nworld', labels: { a: 'b' } });
});

test('it runs as the caller, who may have to ask for more', async (t) => {
  const host = await started(t);
  await host.call('snippets.save', snippet);
  const principal = { ...testPrincipal, scopes: ['snippets:*'] };
  await assert.rejects(host.call('snippets.run', { name: 'hello' }, { principal }), {
    code: 'permission_denied',
    message: /executions:create/,
  });
});

test('what one tenant keeps is unknown to every other', async (t) => {
  const host = await started(t);
  const other = { principal: { ...testPrincipal, tenant: 'other' } };
  await host.call('snippets.save', snippet);
  for (const operation of ['snippets.get', 'snippets.run'])
    await assert.rejects(host.call(operation, { name: 'hello' }, other), { code: 'not_found' });
  await host.call('snippets.save', { ...snippet, name: 'theirs' }, other);
  await host.call('snippets.delete', { name: 'hello' }, other);
  assert.deepEqual(await host.call('snippets.list'), { names: ['hello'], cursor: null });
  assert.deepEqual(await host.call('snippets.list', {}, other), { names: ['theirs'], cursor: null });
});

test('names are listed in order, page by page', async (t) => {
  const host = await started(t);
  for (const name of ['c', 'a', 'b']) await host.call('snippets.save', { ...snippet, name });
  const first = /** @type {{ names: string[], cursor: string }} */ (await host.call('snippets.list', { limit: 2 }));
  assert.deepEqual(first.names, ['a', 'b']);
  const rest = await host.call('snippets.list', { limit: 2, cursor: first.cursor });
  assert.deepEqual(rest, { names: ['c'], cursor: null });
  await host.call('snippets.delete', { name: 'c' });
  await assert.rejects(host.call('snippets.get', { name: 'c' }), { code: 'not_found' });
});

test('another plugin changes what is saved, or refuses it', async (t) => {
  const host = await started(t, { 'house-style': { plugin: house } });
  await host.call('snippets.save', snippet);
  const ran = await host.call('snippets.run', { name: 'hello' });
  assert.match(JSON.stringify(ran), /"stdout":"hello says\\nhello\\n"/);
  const secret = { ...snippet, name: 'secret', code: 'out SECRET' };
  await assert.rejects(host.call('snippets.save', secret), { code: 'invalid_params', message: /holds a secret/ });
  await assert.rejects(host.call('snippets.get', { name: 'secret' }), { code: 'not_found' });
});
