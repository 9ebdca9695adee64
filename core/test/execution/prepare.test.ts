import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExecutionRequest, ExecutionResult } from '@soulbox/plugin-sdk';
import { scriptedHost, type ScriptedHost } from '../support/scripted-host.ts';

const program = { language: 'script', code: 'out x' };
const rewriting = (change: (request: ExecutionRequest) => unknown) =>
  scriptedHost({ tap: (hooks) => hooks.tap('execution.before', (request) => change(request) as ExecutionRequest) });

async function nothingRemains(host: ScriptedHost): Promise<void> {
  assert.deepEqual(await host.call('executions.list'), { executions: [], cursor: null });
  const { executions } = (await host.call('host.info')) as { executions: unknown };
  assert.deepEqual(executions, { running: 0, waiting: 0 });
}

describe('a request', () => {
  const wrong: [string, Record<string, unknown>, string][] = [
    ['neither code nor files', { code: undefined }, 'invalid_params'],
    ['both code and files', { files: [{ path: 'a', content: '' }] }, 'invalid_params'],
    ['an unknown key', { sudo: true }, 'invalid_params'],
    ['a wrong type', { code: 7 }, 'invalid_params'],
    ['an environment name that is none', { env: { 'A=B': 'x' } }, 'invalid_params'],
    ['a NUL in the environment', { env: { A: 'x\0y' } }, 'invalid_params'],
    ['a NUL in an argument', { args: ['x\0y'] }, 'invalid_params'],
    ['a limit of zero', { limits: { wallMs: 0 } }, 'invalid_params'],
    ['a limit that is unknown', { limits: { luck: 1 } }, 'invalid_params'],
    ['a limit out of range', { limits: { wallMs: 300_001 } }, 'limit_out_of_range'],
    ['a network', { network: 'all' }, 'invalid_params'],
    ['a cache for input that comes later', { cache: true, stdin: { open: true } }, 'invalid_params'],
    ['an age below zero', { cache: { maxAgeMs: -1 } }, 'invalid_params'],
    ['an unknown language', { language: 'cobol' }, 'language_unknown'],
    ['a path outside', { code: undefined, files: [{ path: '../a', content: '' }] }, 'path_outside_box'],
    ['too much', { code: 'x'.repeat(101) }, 'payload_too_large'],
    ['standard input that is not base64', { stdin: { data: '?', encoding: 'base64' } }, 'invalid_params'],
    ['an empty idempotency key', { idempotencyKey: '' }, 'invalid_params'],
  ];
  for (const [what, change, code] of wrong) {
    it(`with ${what} is refused as ${code} before any plugin sees it`, async () => {
      let seen = 0;
      await using host = await scriptedHost({
        config: { executions: { sourceBytes: 100 } },
        tap: (hooks) => hooks.tap('execution.before', () => void (seen += 1)),
      });
      await assert.rejects(host.call('executions.create', { ...program, ...change }), { code });
      assert.equal(seen, 0);
      await nothingRemains(host);
    });
  }

  it('finds a language by alias and whatever the case', async () => {
    await using host = await scriptedHost();
    for (const language of ['scr', 'SCRIPT', 'Scr']) {
      const result = (await host.call('executions.create', { ...program, language })) as ExecutionResult;
      assert.equal(result.language.name, 'script');
    }
  });

  it('runs as plugins rewrote it', async () => {
    await using host = await rewriting((request) => ({
      ...request,
      code: 'env A',
      env: { A: 'changed' },
      limits: { ...request.limits, wallMs: 5 },
    }));
    const result = (await host.call('executions.create', program)) as ExecutionResult;
    assert.equal(result.stdout, 'changed\n');
    assert.equal(host.driver.ran[0]?.limits.wallMs, 5);
  });

  it('cannot be changed in place', async () => {
    await using host = await rewriting((request) => {
      (request as { tenant: string }).tenant = 'elsewhere';
    });
    await assert.rejects(host.call('executions.create', program), { code: 'hook_failed' });
  });

  for (const [what, change] of [
    ['id', { id: 'mine' }],
    ['tenant', { tenant: 'elsewhere' }],
    ['principal', { principalId: 'root' }],
    ['limits beyond the maximum', { limits: { wallMs: 10 ** 9 } }],
    ['a language that is not there', { language: 'cobol' }],
    ['a path outside', { code: undefined, files: [{ path: '/a', content: '' }] }],
    ['an unknown key', { root: true }],
  ] as const) {
    it(`rewritten with ${what} is blamed on the plugin`, async () => {
      await using host = await rewriting((request) => ({ ...request, ...change }));
      await assert.rejects(host.call('executions.create', program), { code: 'hook_invalid_result' });
      await nothingRemains(host);
    });
  }

  it('is refused for the reason that a plugin gives, or when the plugin fails', async () => {
    let fails = false;
    await using host = await scriptedHost({
      tap: (hooks) =>
        hooks.tap('execution.veto', ({ request }) => {
          if (fails) throw new Error('boom');
          return request.code === 'out bad' ? { reason: 'not here' } : undefined;
        }),
    });
    await assert.rejects(host.call('executions.create', { ...program, code: 'out bad' }), {
      code: 'execution_vetoed',
      message: 'not here',
    });
    assert.equal(((await host.call('executions.create', program)) as ExecutionResult).verdict, 'ok');
    fails = true;
    await assert.rejects(host.call('executions.create', program), { code: 'hook_failed' });
  });
});

describe('an answer from a cache', () => {
  const cacheable = { ...program, cache: true };

  async function cachedBy(change: Partial<ExecutionResult>, after = false): Promise<ScriptedHost> {
    let kept: ExecutionResult | undefined;
    return scriptedHost({
      tap: (hooks) => {
        hooks.tap('execution.settled', ({ result }) => void (kept ??= result));
        hooks.tap('execution.lookup', () => (kept ? { ...kept, ...change } : undefined));
        if (after) hooks.tap('execution.after', (result) => ({ ...result, stdout: result.stdout.replace('x', '*') }));
      },
    });
  }

  it('is an execution of its own that never ran', async () => {
    await using host = await cachedBy({ cache: { hit: false, layer: 'memory' } });
    const first = (await host.call('executions.create', { ...cacheable, code: 'out x\nexit 4' })) as ExecutionResult;
    const params = { ...cacheable, code: 'out x\nexit 4', labels: { a: 'b' }, stream: true };
    const types: string[] = [];
    let second: ExecutionResult | undefined;
    for await (const item of host.stream('executions.create', params))
      if ('result' in item) second = item.result as ExecutionResult;
      else types.push((item.event as { type: string }).type);
    assert.ok(second);
    assert.notEqual(second.id, first.id);
    assert.deepEqual([second.verdict, second.exitCode, second.stdout, second.status], ['exit', 4, 'x\n', 'settled']);
    assert.deepEqual([second.sandbox, second.enforced, second.startedAt], [null, null, null]);
    assert.deepEqual(second.cache, { hit: true, layer: 'memory' });
    assert.deepEqual(second.labels, { a: 'b' });
    assert.deepEqual(types, ['accepted', 'stdout', 'settled']);
    assert.deepEqual(await host.call('executions.get', { id: second.id }), second);
    assert.equal(host.driver.ran.length, 1);
  });

  it('is rewritten by the hooks of this request', async () => {
    await using host = await cachedBy({ stdout: 'x again' }, true);
    await host.call('executions.create', cacheable);
    assert.equal(((await host.call('executions.create', cacheable)) as ExecutionResult).stdout, '* again');
  });

  it('binds the idempotency key like any other', async () => {
    await using host = await cachedBy({});
    await host.call('executions.create', cacheable);
    const params = { ...cacheable, idempotencyKey: 'k' };
    const results = await Promise.all([1, 2, 3].map(() => host.call('executions.create', params)));
    assert.equal(new Set(results.map((result) => (result as ExecutionResult).id)).size, 1);
  });

  it('counts for nothing when it is no final state', async () => {
    await using host = await cachedBy({ verdict: null });
    await host.call('executions.create', cacheable);
    await host.call('executions.create', cacheable);
    assert.equal(host.driver.ran.length, 2);
  });
});
