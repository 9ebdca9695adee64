import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamItem } from '@soulbox/plugin-sdk';
import { apiPlugin } from '@soulbox/plugin-sdk/conformance';
import { createTestHost } from '@soulbox/plugin-sdk/testing';
import { SuiteApi, suiteKey, suitePrincipal } from '../conformance/transport-api.ts';

const shown = (value: string) => ({ scheme: 'bearer', value, remote: '127.0.0.1' });

/** A host that serves what the suite of transports serves. */
async function serve(api = new SuiteApi()) {
  return { api, host: await createTestHost({ plugins: { suite: { plugin: await apiPlugin(api) } } }) };
}

test('the host has the operations of the API, as it describes them', async () => {
  const { api, host } = await serve();
  await using _host = host;
  const there = new Map((await host.api.operations()).map((operation) => [operation.name, operation]));
  const given = await api.operations();
  assert.ok(given.length > 0);
  for (const operation of given) {
    const { params, event, permission, plugin } = there.get(operation.name) ?? assert.fail(operation.name);
    assert.deepEqual(
      { params, event, permission, plugin },
      {
        params: operation.params,
        event: operation.event,
        permission: operation.permission,
        plugin: 'suite',
      },
    );
  }
});

test('calls, events, errors and cancellation reach the API and come back', async () => {
  const { api, host } = await serve();
  await using _host = host;
  const principal = suitePrincipal;
  assert.deepEqual(await host.call('suite.echo', { value: [1, 'ü'] }, { principal }), { value: [1, 'ü'], principal });
  const items: StreamItem[] = [];
  for await (const item of host.stream('suite.count', { to: 2 }, { principal })) items.push(item);
  const padding = '';
  assert.deepEqual(items, [{ event: { n: 1, padding } }, { event: { n: 2, padding } }, { result: { to: 2 } }]);
  await assert.rejects(host.call('suite.fail', { code: 'conflict' }, { principal }), {
    code: 'conflict',
    message: 'failed with conflict',
  });
  await assert.rejects(host.call('suite.count', { to: 'x' }, { principal }), { code: 'invalid_params' });
  const aborter = new AbortController();
  const waiting = host.call('suite.wait', {}, { principal, signal: aborter.signal });
  const cancelled = assert.rejects(waiting, { code: 'cancelled' });
  await api.calls(api.called.length + 1);
  aborter.abort();
  await cancelled;
  assert.deepEqual(api.aborted, ['suite.wait']);
});

test('it lets in whom the API lets in, and is heard when the API cannot tell', async () => {
  const { api, host } = await serve();
  await using _host = host;
  assert.deepEqual(await host.api.authenticate(shown(suiteKey)), suitePrincipal);
  await assert.rejects(host.api.authenticate(shown('wrong')), { code: 'unauthenticated' });
  api.authenticate = async () => {
    throw new Error('the list of keys is lost');
  };
  await assert.rejects(host.api.authenticate(shown(suiteKey)), { code: 'auth_unavailable' });
});

test('a stream that ends without a result has none', async () => {
  const api = new SuiteApi();
  api.stream = async function* () {
    yield { event: { n: 1, padding: '' } };
  };
  const { host } = await serve(api);
  await using _host = host;
  assert.equal(await host.call('suite.count', { to: 1 }), undefined);
});
