import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AuthProvider,
  defineOperation,
  definePlugin,
  SoulboxError,
  z,
  type Credentials,
  type Principal,
} from '@soulbox/plugin-sdk';
import { testPrincipal } from '@soulbox/plugin-sdk/testing';
import { each, gate, leaveAfterOne, scriptedHost } from '../support/scripted-host.ts';

const base = { summary: 'For the test.', owner: { kind: 'host' }, effect: 'read', errors: [] } as const;
const anything = z.record(z.string(), z.unknown());

/** Operations that misbehave in every way. */
const unruly = definePlugin({
  id: 'unruly',
  setup(context) {
    const define = (name: string) =>
      defineOperation({ ...base, name, params: anything, result: anything, permission: 'unruly:use' });
    context.operation(define('unruly.crash'), () => {
      throw new TypeError('at /home/secret/path');
    });
    context.operation(define('unruly.refuse'), async () => {
      throw new SoulboxError('conflict', 'not now', { details: { id: 7 } });
    });
    context.operation(define('unruly.count'), async ({ to }, call) => {
      for (let i = 1; i <= Number(to); i += 1) await call.emit(i);
      return { requestId: call.requestId, principal: call.principal.id };
    });
    context.operation(define('unruly.late'), async (_params, call) => {
      await call.emit('one');
      throw new SoulboxError('storage_failed', 'full');
    });
  },
});

const limited = (scopes: string[]): Principal => ({ ...testPrincipal, scopes });

describe('the one way in', () => {
  it('says nothing of a foreign error, and all of its own', async () => {
    await using host = await scriptedHost({ plugins: { unruly: { plugin: unruly } } });
    await assert.rejects(host.call('unruly.crash'), { code: 'internal', message: 'an internal error occurred' });
    await assert.rejects(host.call('unruly.refuse'), { code: 'conflict', message: 'not now', details: { id: 7 } });
    await assert.rejects(host.call('unruly.nothing'), { code: 'unknown_operation' });
    await assert.rejects(host.call('toString'), { code: 'unknown_operation' });
  });

  it('lets in only who is permitted, and tells the audit', async () => {
    const decided: unknown[] = [];
    await using host = await scriptedHost({
      plugins: { unruly: { plugin: unruly } },
      tap: (hooks) => hooks.tap('auth.decided', ({ operation, allowed }) => void decided.push([operation, allowed])),
    });
    for (const scopes of [[], ['unruly:other'], ['executions:*'], ['unruly']])
      await assert.rejects(host.call('unruly.count', {}, { principal: limited(scopes) }), {
        code: 'permission_denied',
        details: { permission: 'unruly:use' },
      });
    for (const scopes of [['*'], ['unruly:*'], ['unruly:use']])
      await host.call('unruly.count', {}, { principal: limited(scopes) });
    assert.deepEqual(
      decided.map((entry) => (entry as [string, boolean])[1]),
      [false, false, false, false, true, true, true],
    );
  });

  it('asks the plugins that may object, and fails closed when one fails', async () => {
    let veto: () => { reason: string } | undefined = () => undefined;
    await using host = await scriptedHost({ tap: (hooks) => hooks.tap('auth.veto', () => veto()) });
    await host.call('languages.list');
    veto = () => ({ reason: 'closed on Tuesdays' });
    await assert.rejects(host.call('languages.list'), { code: 'permission_denied', message: 'closed on Tuesdays' });
    veto = () => {
      throw new Error('boom');
    };
    await assert.rejects(host.call('languages.list'), { code: 'auth_unavailable' });
  });

  it('streams events at the pace of the consumer, then the result', async () => {
    await using host = await scriptedHost({ plugins: { unruly: { plugin: unruly } } });
    const items: unknown[] = [];
    for await (const item of host.stream('unruly.count', { to: 3 })) items.push(item);
    assert.deepEqual(items.slice(0, 3), [{ event: 1 }, { event: 2 }, { event: 3 }]);
    assert.equal((items[3] as { result: { principal: string } }).result.principal, 'tester');
    const count = (await host.call('unruly.count', { to: 100 })) as object;
    assert.deepEqual(Object.keys(count), ['requestId', 'principal'], 'without a stream events go nowhere');
  });

  it('streams the events before a failure, and then the failure', async () => {
    await using host = await scriptedHost({ plugins: { unruly: { plugin: unruly } } });
    const items: unknown[] = [];
    const reading = async () => {
      for await (const item of host.stream('unruly.late')) items.push(item);
    };
    await assert.rejects(reading(), { code: 'storage_failed' });
    assert.deepEqual(items, [{ event: 'one' }]);
    await assert.rejects(
      each(host.stream('unruly.nothing'), () => assert.fail('there is nothing to hear')),
      { code: 'unknown_operation' },
    );
  });

  it('goes on with an operation whose consumer walks away', async () => {
    const done = gate();
    const plugin = definePlugin({
      id: 'patient',
      setup(context) {
        const definition = { ...base, params: anything, result: anything, permission: 'patient:use' };
        context.operation(defineOperation({ ...definition, name: 'patient.work' }), async (_params, call) => {
          for (let i = 0; i < 10; i += 1) await call.emit(i);
          done.open();
          throw new Error('nobody hears this, and nothing breaks of it');
        });
      },
    });
    await using host = await scriptedHost({ plugins: { patient: { plugin } } });
    await leaveAfterOne(host.stream('patient.work'));
    await done.passed;
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('describes every operation, those of plugins among them', async () => {
    await using host = await scriptedHost({ plugins: { unruly: { plugin: unruly } } });
    const described = await host.api.operations();
    assert.equal(described.find(({ name }) => name === 'unruly.count')?.plugin, 'unruly');
    const { operations } = (await host.call('host.operations')) as { operations: unknown[] };
    assert.deepEqual(operations, described);
    for (const { name, permission, params, summary } of described) {
      assert.match(permission, /^[a-zA-Z]+:[a-zA-Z]+$/, name);
      assert.equal(params['type'], 'object', name);
      assert.ok(summary.endsWith('.'), name);
    }
  });

  it('knows who a caller is from a provider, and nobody when one fails', async () => {
    let verify: (credentials: Credentials) => Principal | undefined = () => undefined;
    const plugin = definePlugin({
      id: 'auth',
      provides: [AuthProvider],
      setup(context) {
        const provider: AuthProvider = {
          describe: async () => ({ schemes: ['bearer'] }),
          verify: async (credentials) => verify(credentials),
        };
        context.provide(AuthProvider, provider, 'auth');
      },
    });
    await using host = await scriptedHost({ plugins: { auth: { plugin } } });
    const show = (value: string, scheme = 'bearer') => host.api.authenticate({ scheme, value, remote: null });
    await assert.rejects(show('x'), { code: 'unauthenticated' });
    verify = ({ value }) => (value === 'good' ? testPrincipal : undefined);
    assert.deepEqual(await show('good'), testPrincipal);
    await assert.rejects(show('good', 'basic'), { code: 'unauthenticated' });
    verify = () => {
      throw new Error('database away');
    };
    await assert.rejects(show('good'), { code: 'auth_unavailable', message: 'credentials cannot be checked now' });
  });
});
