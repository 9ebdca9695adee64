import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import {
  definePlugin,
  LanguageRuntime,
  type ExecutionResult,
  type RunEvent,
  type RunSpec,
  type SandboxInfo,
} from '@soulbox/plugin-sdk';
import { ScriptedDriver } from '@soulbox/plugin-sdk/testing';
import { FaultyStore, gate, scriptedHost, settles } from '../support/scripted-host.ts';

const program = { language: 'script', code: 'out x' };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Lets what is ready run, then moves the mocked clock, until `done`. */
async function pass(work: Promise<unknown>, stepMs: number): Promise<void> {
  let done = false;
  void work.catch(() => undefined).then(() => (done = true));
  while (!done) {
    for (let i = 0; i < 5; i += 1) await turn();
    mock.timers.tick(stepMs);
  }
}

describe('deadlines of an execution', () => {
  afterEach(() => mock.timers.reset());

  it('takes a driver for lost that does not end in time, and tells nothing of what comes after', async () => {
    const after = gate();
    let unwound = false;
    class Endless extends ScriptedDriver {
      override async *run(): AsyncIterable<RunEvent> {
        try {
          yield { type: 'stdout', data: Buffer.from('before') };
          await after.passed;
          yield { type: 'stdout', data: Buffer.from('after') };
          yield { type: 'stdout', data: Buffer.from('long after') };
        } finally {
          unwound = true;
        }
      }
    }
    await using host = await scriptedHost({ driver: new Endless() });
    mock.timers.enable({ apis: ['setTimeout'] });
    const creating = host.call('executions.create', program);
    await pass(creating, 10_000);
    mock.timers.reset();
    const result = (await creating) as ExecutionResult;
    assert.deepEqual([result.verdict, result.error?.code, result.stdout], ['lost', 'sandbox_lost', 'before']);
    after.open();
    for (let i = 0; i < 5; i += 1) await turn();
    assert.equal(unwound, true, 'the driver is told that nobody listens');
    const events: { event?: { type: string; data: unknown } }[] = [];
    for await (const item of host.stream('executions.get', { id: result.id, stream: true })) events.push(item as never);
    assert.deepEqual(
      events.flatMap(({ event }) => event?.type ?? []),
      ['accepted', 'started', 'stdout', 'settled'],
    );
  });

  it('takes a driver for lost that pays no heed when told to cancel', async () => {
    let begun = false;
    class Deaf extends ScriptedDriver {
      override async *run(): AsyncIterable<RunEvent> {
        begun = true;
        yield await new Promise<never>(() => {});
      }
    }
    await using host = await scriptedHost({ driver: new Deaf() });
    mock.timers.enable({ apis: ['setTimeout'] });
    const caller = new AbortController();
    const params = { ...program, limits: { wallMs: 300_000 } };
    const creating = host.call('executions.create', params, { signal: caller.signal });
    while (!begun) await turn();
    caller.abort();
    for (let i = 0; i < 5; i += 1) await turn();
    mock.timers.tick(30_001);
    const result = (await creating) as ExecutionResult;
    assert.deepEqual([result.verdict, result.error?.code], ['lost', 'sandbox_lost']);
  });

  it('takes an execution for lost whose box is not made in time, and destroys the box that comes too late', async () => {
    const late = gate();
    class Slow extends ScriptedDriver {
      override async create(spec: Parameters<ScriptedDriver['create']>[0]): Promise<SandboxInfo> {
        await late.passed;
        return super.create(spec);
      }
    }
    const driver = new Slow();
    await using host = await scriptedHost({ driver, config: { sandbox: { ready: 0 } } });
    mock.timers.enable({ apis: ['setTimeout'] });
    const creating = host.call('executions.create', program);
    await pass(creating, 5_000);
    mock.timers.reset();
    const result = (await creating) as ExecutionResult;
    assert.deepEqual([result.verdict, result.error?.code], ['lost', 'sandbox_unavailable']);
    late.open();
    for (let i = 0; i < 5; i += 1) await turn();
    assert.deepEqual(driver.destroyed, ['scripted-1']);
  });

  it('refuses what a language does not plan in time', async () => {
    const language = definePlugin({
      id: 'planless',
      provides: [LanguageRuntime],
      setup(context) {
        const info = { aliases: [], extensions: [], version: '1', available: true, reason: null, paths: [] };
        const runtime: LanguageRuntime = {
          describe: async () => ({ ...info, name: 'planless', canary: { code: '', stdout: '' } }),
          plan: () => new Promise(() => {}),
        };
        context.provide(LanguageRuntime, runtime, 'planless');
      },
    });
    await using host = await scriptedHost({ plugins: { planless: { plugin: language } } });
    mock.timers.enable({ apis: ['setTimeout'] });
    const creating = host.call('executions.create', { language: 'planless', code: '' });
    await pass(creating, 5_000);
    await assert.rejects(creating, { code: 'plugin_timeout' });
    const { executions } = (await host.call('host.info')) as { executions: unknown };
    assert.deepEqual(executions, { running: 0, waiting: 0 });
  });

  it('tells its caller when it cannot be recorded, and records it when the store is well again', async () => {
    const settledHooks: string[] = [];
    const store = new FaultyStore();
    let broken = true;
    store.fault = (changes) => (broken && settles(changes) ? new Error('disk full') : undefined);
    await using host = await scriptedHost({
      store,
      tap: (hooks) => hooks.tap('execution.settled', ({ result }) => void settledHooks.push(String(result.verdict))),
    });
    mock.timers.enable({ apis: ['setTimeout'] });
    const seen: string[] = [];
    const creating = (async () => {
      for await (const item of host.stream('executions.create', { ...program, stream: true, idempotencyKey: 'k' }))
        if ('event' in item) seen.push((item.event as { type: string }).type);
    })();
    await pass(creating, 1_000);
    await assert.rejects(creating, { code: 'storage_failed', message: 'the result could not be recorded' });
    assert.deepEqual(seen, ['accepted', 'started', 'stage', 'stdout'], 'nobody is told that it is settled');
    assert.deepEqual(settledHooks, []);
    const { documents } = await store.query('executions', {});
    const id = documents[0]?.id ?? '';
    assert.equal(((await host.call('executions.get', { id })) as ExecutionResult).status, 'running');
    const { executions } = (await host.call('host.info')) as { executions: unknown };
    assert.deepEqual(executions, { running: 0, waiting: 0 }, 'it holds up nobody');
    const again = host.call('executions.create', { ...program, idempotencyKey: 'k' });
    mock.timers.tick(30_000);
    for (let i = 0; i < 5; i += 1) await turn();
    broken = false;
    await pass(again, 1_000);
    const result = (await again) as ExecutionResult;
    assert.deepEqual([result.id, result.verdict, result.stdout], [id, 'ok', 'x\n']);
    assert.deepEqual(settledHooks, ['ok']);
  });

  it('leaves what never could be recorded as running, for the next host to find', async () => {
    const store = new FaultyStore();
    store.fault = (changes) => (settles(changes) ? new Error('disk full') : undefined);
    const host = await scriptedHost({ store });
    mock.timers.enable({ apis: ['setTimeout'] });
    const creating = host.call('executions.create', program);
    await pass(creating, 1_000);
    await assert.rejects(creating, { code: 'storage_failed' });
    mock.timers.reset();
    await host.stop();
    store.fault = () => undefined;
    await using next = await scriptedHost({ store });
    const { executions } = (await next.call('executions.list')) as { executions: ExecutionResult[] };
    assert.deepEqual(
      executions.map((e) => [e.status, e.verdict, e.error?.retryable]),
      [['settled', 'interrupted', true]],
    );
  });

  it('gives the driver the time of every stage', async () => {
    const started = gate();
    class Counting extends ScriptedDriver {
      override async *run(
        id: string,
        spec: RunSpec,
        options: Parameters<ScriptedDriver['run']>[2],
      ): AsyncIterable<RunEvent> {
        started.open();
        await new Promise((resolve) => setTimeout(resolve, 35_000));
        yield* super.run(id, spec, options);
      }
    }
    await using host = await scriptedHost({ driver: new Counting() });
    mock.timers.enable({ apis: ['setTimeout'] });
    const creating = host.call('executions.create', { ...program, limits: { wallMs: 10_000 } });
    await started.passed;
    for (let i = 0; i < 5; i += 1) await turn();
    mock.timers.tick(35_000);
    assert.equal(((await creating) as ExecutionResult).verdict, 'ok');
  });
});
