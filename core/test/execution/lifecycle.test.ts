import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { definePlugin, LanguageRuntime, SandboxDriver, type ExecutionResult, type RunEvent } from '@soulbox/plugin-sdk';
import { ScriptedDriver, testPrincipal } from '@soulbox/plugin-sdk/testing';
import { FaultyStore, gate, scriptedHost, settles, until } from '../support/scripted-host.ts';

const script = (...lines: string[]) => ({ language: 'script', code: lines.join('\n') });

describe('an execution', () => {
  it('answers with all that happened, and is recorded so', async () => {
    await using host = await scriptedHost();
    const created = await host.call('executions.create', {
      ...script('out hello', 'env GREETING', 'err oops', 'bytes ff', 'exit 3'),
      env: { GREETING: 'hi' },
      labels: { job: 'a' },
    });
    const result = created as ExecutionResult;
    assert.equal(result.verdict, 'exit');
    assert.equal(result.exitCode, 3);
    assert.deepEqual(result.encoding, { stdout: 'base64', stderr: 'utf8' });
    assert.equal(Buffer.from(result.stdout, 'base64').toString('latin1'), 'hello\nhi\nÿ');
    assert.equal(result.stderr, 'oops\n');
    assert.equal(result.enforced?.level, 'standard');
    assert.equal(result.sandbox?.driver, 'scripted');
    assert.deepEqual(result.usage, { wallMs: 1, cpuMs: 1, peakMemoryBytes: 1_024 });
    assert.deepEqual(result.labels, { job: 'a' });
    assert.ok(result.createdAt <= (result.startedAt ?? '') && (result.startedAt ?? '') <= (result.settledAt ?? ''));
    const stored = await host.store.get('executions', result.id);
    assert.deepEqual(stored?.value['result'], result);
    assert.equal(stored?.value['tenant'], testPrincipal.tenant);
    assert.equal(stored?.value['principalId'], testPrincipal.id);
  });

  it('hands the driver the stages as planned, with the environment and standard input of the client', async () => {
    const driver = new ScriptedDriver();
    const stages = [
      { name: 'compile', argv: ['/cc'], env: { LANG: 'C' } },
      { name: 'run', argv: ['/out'], env: {} },
    ];
    const language = definePlugin({
      id: 'two-stages',
      provides: [SandboxDriver, LanguageRuntime],
      setup(context) {
        context.provide(SandboxDriver, driver, 'scripted');
        const info = { aliases: [], extensions: [], version: '1', available: true, reason: null, paths: [] };
        const runtime: LanguageRuntime = {
          describe: async () => ({ ...info, name: 'staged', canary: { code: '', stdout: '' } }),
          plan: async ({ files }) => ({ ok: true, files: files.map((f) => ({ ...f, path: 'main' })), stages }),
        };
        context.provide(LanguageRuntime, runtime, 'staged');
      },
    });
    await using host = await scriptedHost({ plugins: { 'scripted-sandbox': { plugin: language } } });
    const params = { language: 'staged', code: 'out x', env: { A: '1', LANG: 'de' }, limits: { wallMs: 7 } };
    await host.call('executions.create', params);
    const [ran] = driver.ran;
    assert.equal(ran?.limits.wallMs, 7);
    assert.equal(ran?.limits.processes, 64);
    assert.deepEqual(
      ran?.stages.map(({ name, stdin, env }) => ({ name, stdin, env })),
      [
        { name: 'compile', stdin: false, env: { LANG: 'de', A: '1' } },
        { name: 'run', stdin: true, env: { LANG: 'de', A: '1' } },
      ],
    );
  });

  it('has programs wait in its box for the next, and in the box of whoever comes', async () => {
    const driver = new ScriptedDriver();
    driver.report = { ...driver.report, capabilities: ['warm'] };
    await using host = await scriptedHost({ driver });
    const { sandbox } = (await host.call('executions.create', script('out hello'))) as ExecutionResult;
    await until(() => driver.warmed.length === 2);
    const [own, ready] = driver.warmed.toSorted((a) => (a.sandboxId === sandbox?.id ? -1 : 1));
    assert.deepEqual(own, { ...ready, sandboxId: sandbox?.id });
    assert.deepEqual([own?.program, own?.count], [driver.ran[0]?.stages[0]?.warm, 2]);
  });

  it('ends as compile-error with the diagnostics when the language refuses it', async () => {
    await using host = await scriptedHost();
    const result = (await host.call('executions.create', script('malformed'))) as ExecutionResult;
    assert.equal(result.verdict, 'compile-error');
    assert.equal(result.stderr, 'main.script:1:1: malformed\n');
    assert.equal(result.stages[0]?.diagnostics[0]?.line, 1);
    assert.equal(result.sandbox, null);
    assert.equal(host.driver.ran.length, 0);
  });

  it('is lost, and retryable, when the box dies or the driver fails; the next one gets another box', async () => {
    await using host = await scriptedHost({ config: { sandbox: { ready: 0 } } });
    for (const [step, code] of [
      ['lose', 'sandbox_lost'],
      ['throw', 'internal'],
    ] as const) {
      const result = (await host.call('executions.create', script('out before', step))) as ExecutionResult;
      assert.equal(result.verdict, 'lost');
      assert.equal(result.error?.code, code);
      assert.equal(result.stdout, 'before\n', 'what it printed is kept');
      assert.doesNotMatch(JSON.stringify(result), /as told/, 'a foreign message stays in the log');
      const next = (await host.call('executions.create', script('out after'))) as ExecutionResult;
      assert.equal(next.verdict, 'ok');
      assert.notEqual(next.sandbox?.id, result.sandbox?.id);
      await until(() => host.driver.destroyed.includes(result.sandbox?.id ?? ''));
    }
    const crashed = (await host.call('executions.create', script('crash'))) as ExecutionResult;
    assert.deepEqual([crashed.verdict, crashed.signal, crashed.error], ['signal', 'SIGSEGV', null]);
  });

  it('is lost when the driver ends without an outcome or no box can be made', async () => {
    class Silent extends ScriptedDriver {
      override async *run(): AsyncIterable<RunEvent> {
        yield { type: 'stdout', data: Buffer.from('x') };
      }
    }
    await using silent = await scriptedHost({ driver: new Silent() });
    const result = (await silent.call('executions.create', script('out'))) as ExecutionResult;
    assert.deepEqual([result.verdict, result.error?.code, result.stdout], ['lost', 'sandbox_lost', 'x']);

    class Boxless extends ScriptedDriver {
      override create(): Promise<never> {
        return Promise.reject(new Error('secret path /x'));
      }
    }
    await using boxless = await scriptedHost({ driver: new Boxless() });
    const refused = (await boxless.call('executions.create', script('out'))) as ExecutionResult;
    assert.deepEqual([refused.verdict, refused.error?.code, refused.startedAt], ['lost', 'internal', null]);
    assert.doesNotMatch(JSON.stringify(refused), /secret/);
  });

  it('is lost when a language answers with a plan that is none', async () => {
    const plans: unknown[] = [{ ok: false }, { ok: true }, undefined];
    const language = definePlugin({
      id: 'nonsense',
      provides: [LanguageRuntime],
      setup(context) {
        const info = { aliases: [], extensions: [], version: '1', available: true, reason: null, paths: [] };
        const runtime = {
          describe: async () => ({ ...info, name: 'nonsense', canary: { code: '', stdout: '' } }),
          plan: async () => plans.shift(),
        } as unknown as LanguageRuntime;
        context.provide(LanguageRuntime, runtime, 'nonsense');
      },
    });
    await using host = await scriptedHost({ plugins: { nonsense: { plugin: language } } });
    const create = () => host.call('executions.create', { language: 'nonsense', code: 'x' });
    assert.equal(((await create()) as ExecutionResult).verdict, 'lost');
    assert.equal(((await create()) as ExecutionResult).verdict, 'lost');
    await assert.rejects(create(), { code: 'internal' }, 'what was never accepted is refused');
    await assert.rejects(create(), { code: 'internal' });
    const { executions } = (await host.call('host.info')) as { executions: unknown };
    assert.deepEqual(executions, { running: 0, waiting: 0 });
  });

  it('is refused before it exists when the language fails to plan it', async () => {
    const language = definePlugin({
      id: 'planless',
      provides: [LanguageRuntime],
      setup(context) {
        const info = { aliases: [], extensions: [], version: '1', available: true, reason: null, paths: [] };
        const runtime: LanguageRuntime = {
          describe: async () => ({ ...info, name: 'planless', canary: { code: '', stdout: '' } }),
          plan: () => Promise.reject(new Error('boom')),
        };
        context.provide(LanguageRuntime, runtime, 'planless');
      },
    });
    await using host = await scriptedHost({ plugins: { planless: { plugin: language } } });
    await assert.rejects(host.call('executions.create', { language: 'planless', code: '' }), { code: 'internal' });
    const { executions } = (await host.call('executions.list')) as { executions: unknown[] };
    assert.deepEqual(executions, []);
  });

  it('shows no output when the hook that may hide some of it fails', async () => {
    await using host = await scriptedHost({
      tap: (hooks) =>
        hooks.tap('execution.after', () => {
          throw new Error('redaction failed');
        }),
    });
    const result = (await host.call('executions.create', script('out SECRET', 'err SECRET'))) as ExecutionResult;
    assert.deepEqual([result.verdict, result.error?.code], ['lost', 'hook_failed']);
    assert.doesNotMatch(JSON.stringify(result), /SECRET/);
    assert.doesNotMatch(JSON.stringify(await host.store.get('executions', result.id)), /SECRET/);
  });

  it('lets hooks rewrite what is shown but not what happened', async () => {
    await using host = await scriptedHost({
      tap: (hooks) =>
        hooks.tap('execution.after', (result) => ({
          ...result,
          stdout: result.stdout.replaceAll('SECRET', '***'),
          verdict: 'ok',
          exitCode: 0,
          enforced: null,
          id: 'another',
        })),
    });
    const result = (await host.call('executions.create', script('out SECRET', 'exit 9'))) as ExecutionResult;
    assert.deepEqual([result.stdout, result.verdict, result.exitCode], ['***\n', 'exit', 9]);
    assert.equal(result.enforced?.level, 'standard');
    assert.notEqual(result.id, 'another');
  });

  it('tells hooks of its output and of its end', async () => {
    const seen: string[] = [];
    await using host = await scriptedHost({
      tap: (hooks) => {
        hooks.tap(
          'execution.output',
          (data, { stream, last }) => void seen.push(`${stream} ${Buffer.from(data).toString()}${last ? 'end' : ''}`),
        );
        hooks.tap('execution.settled', ({ result }) => void seen.push(`${result.status} ${result.verdict}`));
      },
    });
    await host.call('executions.create', script('out a', 'err b'));
    assert.deepEqual(seen, ['stdout a\n', 'stderr b\n', 'stdout end', 'stderr end', 'settled ok']);
  });

  it('shows output only as hooks rewrote it, in events and in the answer', async () => {
    await using host = await scriptedHost({
      tap: (hooks) =>
        hooks.tap('execution.output', (data) => Buffer.from(Buffer.from(data).toString().replace('SECRET', '***'))),
    });
    const shown: unknown[] = [];
    for await (const item of host.stream('executions.create', { ...script('out SECRET'), stream: true }))
      shown.push(item);
    assert.doesNotMatch(JSON.stringify(shown), /SECRET/);
    assert.equal((shown.at(-1) as { result: ExecutionResult }).result.stdout, '***\n');
  });

  it('shows what a hook held back until the end of a stream', async () => {
    const held: Uint8Array[] = [];
    await using host = await scriptedHost({
      tap: (hooks) =>
        hooks.tap('execution.output', (data, { stream, last }) => {
          if (stream === 'stderr') return undefined;
          held.push(data);
          return last ? Buffer.concat(held) : new Uint8Array(0);
        }),
    });
    const shown: unknown[] = [];
    for await (const item of host.stream('executions.create', { ...script('out a', 'out b'), stream: true }))
      if ('event' in item) shown.push((item.event as { type: string }).type, (item.event as { data: unknown }).data);
    assert.equal(shown.filter((type) => type === 'stdout').length, 1);
    assert.ok(shown.includes('a\nb\n'));
  });

  it('shows nothing of what a hook failed to rewrite, and is lost', async () => {
    await using host = await scriptedHost({
      tap: (hooks) =>
        hooks.tap('execution.output', (data) => {
          if (Buffer.from(data).includes('SECRET')) throw new Error('cannot hide it');
        }),
    });
    const result = (await host.call(
      'executions.create',
      script('out before', 'out SECRET', 'out after'),
    )) as ExecutionResult;
    assert.deepEqual([result.verdict, result.stdout, result.error?.code], ['lost', 'before\n', 'hook_failed']);
  });

  it('is recorded although the store failed once', async () => {
    let faults = 1;
    const store = new FaultyStore();
    store.fault = (changes) => (settles(changes) && faults-- > 0 ? new Error('disk full') : undefined);
    await using host = await scriptedHost({ store });
    const result = (await host.call('executions.create', script('out x'))) as ExecutionResult;
    assert.equal(result.verdict, 'ok');
    assert.equal((await store.get('executions', result.id))?.version, 2);
  });

  it('is accepted by no one when the store refuses it', async () => {
    const store = new FaultyStore();
    await using host = await scriptedHost({ store });
    store.fault = () => new Error('/dev/sda1 is gone');
    const events: unknown[] = [];
    await assert.rejects(
      async () => {
        for await (const item of host.stream('executions.create', { ...script('out x'), stream: true }))
          events.push(item);
      },
      { code: 'internal', message: 'an internal error occurred' },
    );
    assert.deepEqual(events, []);
    assert.equal(host.driver.ran.length, 0, 'nothing runs that is not recorded');
    const { executions } = (await host.call('host.info')) as { executions: unknown };
    assert.deepEqual(executions, { running: 0, waiting: 0 });
  });

  it('shows its final state to nobody before it is recorded', async () => {
    const writing = gate();
    let reached = false;
    const store = new FaultyStore();
    store.fault = async (changes) => {
      if (!settles(changes)) return undefined;
      reached = true;
      await writing.passed;
      return undefined;
    };
    await using host = await scriptedHost({ store });
    const creating = host.call('executions.create', script('out x'));
    await until(() => reached);
    const [summary] = ((await host.call('executions.list')) as { executions: { id: string }[] }).executions;
    const before = (await host.call('executions.get', { id: summary?.id })) as ExecutionResult;
    assert.deepEqual([before.status, before.verdict], ['running', null]);
    writing.open();
    assert.equal(((await creating) as ExecutionResult).status, 'settled');
  });

  it('takes the state that another host recorded first', async () => {
    const store = new FaultyStore();
    await using host = await scriptedHost({ store });
    let once = true;
    store.fault = async (changes) => {
      const [change] = changes;
      if (!once || !settles(changes) || change?.op !== 'put') return undefined;
      once = false;
      const result = { ...(change.value['result'] as object), verdict: 'interrupted' };
      await store.commit([{ ...change, value: { ...change.value, verdict: 'interrupted', result } }]);
      return undefined;
    };
    const result = (await host.call('executions.create', script('out x'))) as ExecutionResult;
    assert.equal(result.verdict, 'interrupted');
    const again = (await host.call('executions.get', { id: result.id })) as ExecutionResult;
    assert.equal(again.verdict, 'interrupted');
    assert.equal((await store.get('executions', result.id))?.version, 2);
  });
});
