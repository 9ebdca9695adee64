import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SoulboxError, type Principal } from '@soulbox/plugin-sdk';
import { SuiteApi, suiteKey, suitePrincipal } from '@soulbox/plugin-sdk/conformance';
import { codeOf, Peer, type Message } from './support/peer.ts';
import { statusOf, upgradeRequest } from './support/raw.ts';
import { serve } from './support/serve.ts';

test('before the login nothing else is answered, and nothing reaches the host', async () => {
  const api = new SuiteApi();
  await using host = await serve(api);
  await using peer = await Peer.open(host.url, null);
  for (const method of ['suite.echo', 'rpc.discover', '$/cancel', 'nothing', '__proto__'])
    assert.equal(codeOf(await peer.call(method, {})), 'unauthenticated', method);
  peer.send([{ jsonrpc: '2.0', id: 1, method: 'suite.echo' }]);
  assert.deepEqual(((await peer.next()) as unknown as Message[]).map(codeOf), ['unauthenticated']);
  assert.deepEqual((await peer.call('auth.login', { token: suiteKey })).result, suitePrincipal);
  assert.deepEqual(api.called, []);
  assert.equal(codeOf(await peer.call('suite.echo', { value: 1 })), undefined);
});

test('a login tells how its parameters must be, and can be had once', async () => {
  await using host = await serve(new SuiteApi());
  await using peer = await Peer.open(host.url, null);
  for (const params of [{}, { token: 1 }, { token: '' }, { token: suiteKey, more: 1 }, undefined, [suiteKey]]) {
    const { error } = await peer.call('auth.login', params);
    assert.equal(error?.code, -32602);
    assert.doesNotMatch(JSON.stringify(error), new RegExp(suiteKey));
  }
  peer.send({ jsonrpc: '2.0', id: 1, method: 'auth.login', params: { token: suiteKey } });
  peer.send({ jsonrpc: '2.0', id: 2, method: 'auth.login', params: { token: suiteKey } });
  const answers = [await peer.next(), await peer.next()];
  assert.equal(codeOf(answers.find(({ id }) => id === 1) as Message), undefined);
  assert.equal(codeOf(answers.find(({ id }) => id === 2) as Message), 'conflict');
  assert.equal(codeOf(await peer.call('auth.login', { token: suiteKey })), 'conflict');
});

test('a wrong key is answered, and ends the connection', async () => {
  await using host = await serve(new SuiteApi());
  await using peer = await Peer.open(host.url, null);
  assert.equal(codeOf(await peer.call('auth.login', { token: 'wrong' })), 'unauthenticated');
  assert.equal((await peer.closed).code, 4401);
});

test('whoever does not log in, or sends much instead, is sent away', async () => {
  await using host = await serve(new SuiteApi(), { authTimeoutMs: 50 });
  await using silent = await Peer.open(host.url, null);
  assert.equal((await silent.closed).code, 4401);
  await using other = await serve(new SuiteApi());
  await using loud = await Peer.open(other.url, null);
  loud.sendText(`"${'x'.repeat(100_000)}"`);
  assert.equal((await loud.closed).code, 1009);
  await using third = await serve(new SuiteApi(), { authTimeoutMs: 1000 });
  await using patient = await Peer.open(third.url, null);
  await patient.call('auth.login', { token: suiteKey });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal(codeOf(await patient.call('suite.echo', { value: 'x'.repeat(100_000) })), undefined);
});

test('a host that cannot check keys lets nobody in, and says that it is its own fault', async () => {
  const api = new SuiteApi();
  await using host = await serve(api);
  const request = upgradeRequest(host.port, { Authorization: `Bearer ${suiteKey}` });
  api.authenticate = () => Promise.reject(new SoulboxError('auth_unavailable', 'a provider failed'));
  assert.equal(await statusOf(host.port, request), 503);
  await using peer = await Peer.open(host.url, null);
  assert.equal(codeOf(await peer.call('auth.login', { token: suiteKey })), 'auth_unavailable');
  api.authenticate = () => Promise.reject(new Error('secret'));
  assert.equal(await statusOf(host.port, request), 500);
  api.authenticate = () => new Promise<never>(() => undefined);
  await using impatient = await serve(api, { authTimeoutMs: 50 });
  const other = upgradeRequest(impatient.port, { Authorization: `Bearer ${suiteKey}` });
  assert.equal(await statusOf(impatient.port, other), 503);
});

test('a revoked key is out of open connections, whichever way it came in; others stay', async () => {
  const api = new SuiteApi();
  const valid = new Map<string, Principal>([
    ['a', { ...suitePrincipal, id: 'a' }],
    ['b', { ...suitePrincipal, id: 'b' }],
  ]);
  let checks = 0;
  api.authenticate = async ({ value }) => {
    checks++;
    const principal = valid.get(value);
    if (!principal) throw new SoulboxError('unauthenticated', 'unknown key');
    return principal;
  };
  await using host = await serve(api, { recheckMs: 20 });
  await using first = await Peer.open(host.url, 'a');
  await using second = await Peer.open(host.url, null);
  await second.call('auth.login', { token: 'a' });
  await using third = await Peer.open(host.url, 'b');
  await using anonymous = await Peer.open(host.url, null);
  valid.delete('a');
  assert.equal((await first.closed).code, 4401);
  assert.equal((await second.closed).code, 4401);
  valid.set('b', { ...suitePrincipal, id: 'b', scopes: ['less'] });
  const before = checks;
  while (checks < before + 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const { result } = await third.call('suite.echo', { value: 1 });
  assert.deepEqual((result as { principal: Principal }).principal.scopes, ['less']);
  assert.equal(codeOf(await anonymous.call('suite.echo')), 'unauthenticated');
});

test('while keys cannot be checked calls are refused, and afterwards all is well', async () => {
  const api = new SuiteApi();
  const original = api.authenticate.bind(api);
  await using host = await serve(api, { recheckMs: 10 });
  await using peer = await Peer.open(host.url);
  api.authenticate = () => Promise.reject(new SoulboxError('auth_unavailable', 'a provider failed'));
  while (codeOf(await peer.call('suite.echo', { value: 1 })) !== 'auth_unavailable');
  assert.deepEqual((await peer.call('$/cancel', { id: 5 })).result, { found: false });
  api.authenticate = original;
  while (codeOf(await peer.call('suite.echo', { value: 1 })) !== undefined);
});

test('a host without authentication is not served beyond this machine', async () => {
  const api = new SuiteApi();
  api.authenticate = async () => suitePrincipal;
  await assert.rejects(serve(api, { host: '0.0.0.0', public: true }), { code: 'config_invalid' });
  api.authenticate = () => Promise.reject(new SoulboxError('unauthenticated', 'no'));
  await using host = await serve(api, { public: true });
  assert.equal(await statusOf(host.port, upgradeRequest(host.port, { Authorization: 'Bearer x' })), 401);
});
