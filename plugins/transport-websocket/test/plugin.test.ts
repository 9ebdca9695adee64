import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { AuthProvider, definePlugin, SoulboxError, Transport, type Principal } from '@soulbox/plugin-sdk';
import { createTestHost, testPrincipal } from '@soulbox/plugin-sdk/testing';
import { connect } from '../src/client/index.ts';
import plugin from '../src/index.ts';

const key = 'the-only-key';

const oneKey = definePlugin({
  id: 'one-key',
  provides: [AuthProvider],
  setup: (context) =>
    context.provide(
      AuthProvider,
      {
        describe: async () => ({ schemes: ['bearer'] }),
        verify: async ({ value }): Promise<Principal | undefined> => (value === key ? testPrincipal : undefined),
      },
      'one-key',
    ),
});

test('the plugin serves a real host, with events and typed errors', async () => {
  await using host = await createTestHost({
    listen: true,
    plugins: { keys: { plugin: oneKey }, ws: { plugin, config: { port: 0 } } },
  });
  const transport = host.service<Transport>(Transport, 'websocket');
  await assert.rejects((transport as Transport).listen(), (error) => {
    assert.ok(error instanceof SoulboxError);
    return error.code === 'conflict';
  });
  const url = host.host.addresses[0] as string;
  const client = await connect({ url, key });
  try {
    await assert.rejects(connect({ url, key: 'wrong' }), { code: 'unauthenticated' });
    await assert.rejects(client.call('executions.get', { id: 'none' }), { code: 'not_found' });
    await assert.rejects(client.call('executions.create', { nonsense: 1 }), { code: 'invalid_params' });
    const plugins = JSON.stringify(await client.call('plugins.list', {}));
    assert.match(plugins, /transport-websocket|"ws"/);
  } finally {
    await client.close();
  }
});

test('the manifest names the client that the package exports', async () => {
  const path = new URL('../../package.json', import.meta.url);
  const manifest = JSON.parse(await readFile(path, 'utf8')) as {
    name: string;
    soulbox: { id: string; client: { schemes: string[]; export: string } };
  };
  assert.equal(manifest.soulbox.id, plugin.definition.id);
  assert.deepEqual(manifest.soulbox.client.schemes, ['ws', 'wss']);
  const module = (await import(`${manifest.name}${manifest.soulbox.client.export.slice(1)}`)) as { connect: unknown };
  assert.equal(module.connect, connect);
});
