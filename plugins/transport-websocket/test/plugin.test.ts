import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { AuthProvider, definePlugin, SoulboxError, Transport, type Principal } from '@soulbox/plugin-sdk';
import { createTestHost, testPrincipal } from '@soulbox/plugin-sdk/testing';
import { connect } from '../src/client/index.ts';
import plugin from '../src/index.ts';
import { checkOpenRpc } from './support/openrpc-spec.ts';
import { Peer } from './support/peer.ts';

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
    const document = (await client.call('rpc.discover', {})) as { methods: { name: string }[] };
    checkOpenRpc(document);
    assert.ok(document.methods.some(({ name }) => name === 'executions.create'));
    const plugins = JSON.stringify(await client.call('plugins.list', {}));
    assert.match(plugins, /transport-websocket|"ws"/);
  } finally {
    await client.close();
  }
});

interface Event {
  readonly id: string;
  readonly seq: number;
  readonly type: string;
  readonly data: unknown;
}

test('who is cut off in the middle of an execution goes on with it where it was', async () => {
  await using host = await createTestHost({
    listen: true,
    plugins: { keys: { plugin: oneKey }, ws: { plugin, config: { port: 0 } } },
  });
  const url = host.host.addresses[0] as string;
  const params = { language: 'script', code: 'out one\nsleep 300\nout two\nout three', stream: true };
  const cutOff = await Peer.open(url, key);
  cutOff.send({ jsonrpc: '2.0', id: 1, method: 'executions.create', params });
  const before: Event[] = [];
  while (before.at(-1)?.type !== 'stdout') {
    const { method, params: event } = await cutOff.next();
    assert.equal(method, 'executions.event');
    before.push(event as unknown as Event);
  }
  await cutOff[Symbol.asyncDispose]();
  const { id, seq } = before.at(-1) as Event;
  const client = await connect({ url, key });
  try {
    const after: Event[] = [];
    let result: unknown;
    for await (const item of client.stream('executions.get', { id, stream: true, fromSeq: seq })) {
      if ('result' in item) result = item.result;
      else after.push(item.event as Event);
    }
    const all = [...before, ...after];
    assert.deepEqual(
      all.map((event) => event.seq),
      all.map((_, index) => index + 1),
    );
    const output = all.filter(({ type }) => type === 'stdout').map(({ data }) => data);
    assert.equal(output.join(''), 'one\ntwo\nthree\n');
    const { verdict, stdout } = result as { verdict: string; stdout: string };
    assert.deepEqual([verdict, stdout], ['ok', 'one\ntwo\nthree\n']);
  } finally {
    await client.close();
  }
});

test('cancelling a call of an execution ends the execution', async () => {
  await using host = await createTestHost({
    listen: true,
    plugins: { keys: { plugin: oneKey }, ws: { plugin, config: { port: 0 } } },
  });
  const client = await connect({ url: host.host.addresses[0] as string, key });
  const aborter = new AbortController();
  try {
    const params = { language: 'script', code: 'out started\nsleep 60000', stream: true };
    let id = '';
    const consume = async () => {
      for await (const item of client.stream('executions.create', params, { signal: aborter.signal })) {
        if ('result' in item) return;
        ({ id } = item.event as Event);
        if ((item.event as Event).type === 'stdout') aborter.abort();
      }
    };
    await consume().catch((error: unknown) => assert.equal((error as SoulboxError).code, 'cancelled'));
    const { verdict } = (await client.call('executions.get', { id, stream: true })) as { verdict: string };
    assert.equal(verdict, 'cancelled');
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
