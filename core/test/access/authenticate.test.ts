import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SoulboxError, type AuthProvider, type Credentials, type Principal } from '@soulbox/plugin-sdk';
import { authenticate, tapProvider } from '../../src/access/authenticate.ts';
import { HookBus } from '../../src/hooks/hook-bus.ts';
import { failure } from '../support/expect.ts';
import { owner } from '../support/taps.ts';

const credentials: Credentials = { scheme: 'bearer', value: 'key', remote: null };
const alice: Principal = { id: 'alice', tenant: 't', roles: ['user'], scopes: ['executions:*'] };

function provider(verify: AuthProvider['verify'], schemes: readonly string[] = ['bearer']): AuthProvider {
  return { describe: () => Promise.resolve({ schemes }), verify };
}

function busWith(...providers: readonly AuthProvider[]): HookBus {
  const hooks = new HookBus();
  providers.forEach((one, index) => tapProvider(hooks, owner(`auth-${index}`), one));
  return hooks;
}

test('who is known by a provider is let in, as a copy that nobody can change', async () => {
  const returned = { ...alice, scopes: [...alice.scopes], extra: 'x' };
  const principal = await authenticate(busWith(provider(async () => returned)), credentials);
  assert.deepEqual(principal, alice);
  for (const part of [principal, principal.roles, principal.scopes]) assert.ok(Object.isFrozen(part));
  returned.scopes.push('*');
  assert.deepEqual(principal.scopes, alice.scopes);
});

test('without a provider, or unknown to all, nobody is let in', async () => {
  for (const hooks of [
    busWith(),
    busWith(
      provider(async () => undefined),
      provider(async () => undefined),
    ),
  ])
    await assert.rejects(authenticate(hooks, credentials), failure('unauthenticated'));
});

test('a provider is asked for its own schemes only, and describes itself once', async () => {
  let described = 0;
  const asked: string[] = [];
  const basic: AuthProvider = {
    describe: async () => {
      described += 1;
      return { schemes: ['basic'] };
    },
    verify: async ({ scheme }) => {
      asked.push(scheme);
      return alice;
    },
  };
  const hooks = busWith(basic);
  await assert.rejects(authenticate(hooks, credentials), failure('unauthenticated'));
  assert.deepEqual(await authenticate(hooks, { ...credentials, scheme: 'basic' }), alice);
  assert.deepEqual([described, asked], [1, ['basic']]);
});

test('the credentials that providers see cannot be changed for the next one', async () => {
  const seen: string[] = [];
  const greedy = provider(async (given) => {
    seen.push(given.value);
    assert.throws(() => Object.assign(given, { value: 'other' }), TypeError);
    return undefined;
  });
  await assert.rejects(authenticate(busWith(greedy, greedy), credentials), failure('unauthenticated'));
  assert.deepEqual(seen, ['key', 'key']);
  assert.equal(Object.isFrozen(credentials), false);
});

const broken: Record<string, AuthProvider['verify']> = {
  throws: () => {
    throw new Error('database password wrong');
  },
  rejects: () => Promise.reject(new SoulboxError('storage_failed', 'disk')),
  'answers with nonsense': () => Promise.resolve({ id: 'root' } as never),
  'answers with true': () => Promise.resolve(true as never),
};
for (const [what, verify] of Object.entries(broken)) {
  test(`a provider that ${what} closes the door for everyone, and does not say why`, async () => {
    const hooks = busWith(
      provider(verify),
      provider(async () => alice),
    );
    await assert.rejects(authenticate(hooks, credentials), (thrown) => {
      failure('auth_unavailable')(thrown);
      assert.ok(!JSON.stringify((thrown as SoulboxError).toBody()).match(/password|disk/));
      return true;
    });
  });
}

test('a provider that failed to describe itself is asked again', async () => {
  let fails = true;
  const flaky: AuthProvider = {
    describe: () => (fails ? Promise.reject(new Error('not yet')) : Promise.resolve({ schemes: ['bearer'] })),
    verify: async () => alice,
  };
  const hooks = busWith(flaky);
  await assert.rejects(authenticate(hooks, credentials), failure('auth_unavailable'));
  fails = false;
  assert.deepEqual(await authenticate(hooks, credentials), alice);
});

test('a provider that is gone is asked no more', async () => {
  const hooks = new HookBus();
  const tap = tapProvider(
    hooks,
    owner('auth'),
    provider(async () => alice),
  );
  assert.deepEqual(await authenticate(hooks, credentials), alice);
  tap[Symbol.dispose]();
  await assert.rejects(authenticate(hooks, credentials), failure('unauthenticated'));
});
