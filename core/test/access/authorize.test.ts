import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hooks, Principal } from '@soulbox/plugin-sdk';
import { authorize } from '../../src/access/authorize.ts';
import { HookBus } from '../../src/hooks/hook-bus.ts';
import { failure } from '../support/expect.ts';
import { owner } from '../support/taps.ts';

const run = { name: 'executions.create', permission: 'executions:create' };
const withScopes = (...scopes: string[]): Principal => ({ id: 'p', tenant: 't', roles: [], scopes });

test('a scope lets in that is the permission, its whole group, or everything', async () => {
  for (const scope of ['executions:create', 'executions:*', '*'])
    await authorize(new HookBus(), withScopes('x:y', scope), run);
});

test('any other scope does not, and the answer names the permission that is lacking', async () => {
  for (const scopes of [
    [],
    ['executions:get'],
    ['execution:*'],
    ['executions'],
    ['exec*'],
    ['*:*'],
    ['executions:creat'],
  ])
    await assert.rejects(
      authorize(new HookBus(), withScopes(...scopes), run),
      failure('permission_denied', /executions\.create needs the permission executions:create/),
    );
});

test('a veto refuses what the scopes permit, with its reason', async () => {
  const hooks = new HookBus();
  hooks.tap(owner('a'), 'auth.veto', () => undefined);
  hooks.tap(owner('b'), 'auth.veto', ({ principal }) => ({ reason: `not ${principal.id}` }));
  await assert.rejects(authorize(hooks, withScopes('*'), run), failure('permission_denied', /^not p$/));
});

test('a veto cannot permit what the scopes do not, and is not even asked', async () => {
  const hooks = new HookBus();
  let asked = false;
  hooks.tap(owner('generous'), 'auth.veto', () => {
    asked = true;
    return null;
  });
  await assert.rejects(authorize(hooks, withScopes(), run), failure('permission_denied'));
  assert.equal(asked, false);
});

const broken: Record<string, () => unknown> = {
  throws: () => {
    throw new Error('secret');
  },
  rejects: () => Promise.reject(new Error('secret')),
  'answers true': () => true,
  'denies without a reason': () => ({ denied: true }),
  'denies with an empty reason': () => ({ reason: '' }),
};
for (const [what, veto] of Object.entries(broken)) {
  test(`a veto that ${what} fails closed`, async () => {
    const hooks = new HookBus();
    hooks.tap(owner('broken'), 'auth.veto', veto as never);
    await assert.rejects(
      authorize(hooks, withScopes('*'), run),
      failure('auth_unavailable', /^[^]*cannot be checked now$/),
    );
  });
}

test('a veto that hangs fails closed at its deadline', async () => {
  const hooks = new HookBus();
  hooks.tap(owner('sleeper'), 'auth.veto', () => new Promise<never>(() => {}), { timeoutMs: 10 });
  await assert.rejects(authorize(hooks, withScopes('*'), run), failure('auth_unavailable'));
});

test('observers hear of each decision, and cannot change it', async () => {
  const hooks = new HookBus();
  const heard: Hooks['auth.decided']['arg'][] = [];
  hooks.tap(owner('audit'), 'auth.decided', (decision) => {
    heard.push(decision);
    throw new Error('the audit log is full');
  });
  const [permitted, refused] = [withScopes('*'), withScopes()];
  await authorize(hooks, permitted, run);
  await assert.rejects(authorize(hooks, refused, run), failure('permission_denied'));
  const operation = 'executions.create';
  const reason = 'executions.create needs the permission executions:create';
  assert.deepEqual(heard, [
    { principal: permitted, operation, allowed: true, reason: null },
    { principal: refused, operation, allowed: false, reason },
  ]);
});
