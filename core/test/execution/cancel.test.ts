import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExecutionResult, RunEvent, RunOptions, RunSpec, SandboxInfo, SandboxSpec } from '@soulbox/plugin-sdk';
import { ScriptedDriver } from '@soulbox/plugin-sdk/testing';
import { accepts, FaultyStore, gate, scriptedHost, until, type ScriptedHost } from '../support/scripted-host.ts';

const sleeper = { language: 'script', code: 'out begun\nsleep 100000\nout never' };

async function onlyExecution(host: ScriptedHost): Promise<ExecutionResult> {
  const { executions } = (await host.call('executions.list')) as { executions: ExecutionResult[] };
  assert.equal(executions.length, 1);
  return executions[0] as ExecutionResult;
}

async function idle(host: ScriptedHost): Promise<void> {
  await until(async () => {
    const { executions } = (await host.call('host.info')) as { executions: { running: number } };
    return executions.running === 0;
  });
}

/** A driver whose boxes are made when the test says so. */
class SlowBoxes extends ScriptedDriver {
  readonly making = gate();

  override async create(spec: SandboxSpec): Promise<SandboxInfo> {
    await this.making.passed;
    return super.create(spec);
  }
}

describe('cancelling an execution', () => {
  it('ends a running program, by executions.cancel', async () => {
    await using host = await scriptedHost();
    const creating = host.call('executions.create', sleeper);
    await until(() => host.driver.ran.length === 1);
    const { id } = await onlyExecution(host);
    const cancelled = (await host.call('executions.cancel', { id })) as ExecutionResult;
    assert.deepEqual([cancelled.verdict, cancelled.stdout], ['cancelled', 'begun\n']);
    assert.deepEqual(await creating, cancelled);
    assert.deepEqual(await host.call('executions.cancel', { id }), cancelled, 'once more changes nothing');
  });

  it('ends a running program when its caller withdraws', async () => {
    await using host = await scriptedHost();
    const caller = new AbortController();
    const creating = host.call('executions.create', sleeper, { signal: caller.signal });
    await until(() => host.driver.ran.length === 1);
    caller.abort();
    assert.equal(((await creating) as ExecutionResult).verdict, 'cancelled');
  });

  it('never runs what was withdrawn before it began', async () => {
    await using host = await scriptedHost();
    const signal = AbortSignal.abort();
    const result = (await host.call('executions.create', sleeper, { signal })) as ExecutionResult;
    assert.deepEqual([result.verdict, result.startedAt, result.stdout], ['cancelled', null, '']);
    assert.equal(host.driver.ran.length, 0);
    assert.equal((await onlyExecution(host)).verdict, 'cancelled', 'it was accepted, so it is recorded');
  });

  it('ends what still waits for a box, and keeps the box for the next', async () => {
    const driver = new SlowBoxes();
    await using host = await scriptedHost({ driver, config: { sandbox: { ready: 0 } } });
    const caller = new AbortController();
    const creating = host.call('executions.create', sleeper, { signal: caller.signal });
    await until(
      async () => ((await host.call('executions.list')) as { executions: unknown[] }).executions.length === 1,
    );
    caller.abort();
    assert.equal(((await creating) as ExecutionResult).verdict, 'cancelled');
    driver.making.open();
    const next = (await host.call('executions.create', { ...sleeper, code: 'out x' })) as ExecutionResult;
    assert.equal(next.verdict, 'ok');
    assert.equal(driver.created.length, 1);
  });

  it('survives a box that fails after nobody waits for it any more', async () => {
    const failing = gate();
    class Failing extends ScriptedDriver {
      override async create(): Promise<SandboxInfo> {
        await failing.passed;
        throw new Error('no box');
      }
    }
    await using host = await scriptedHost({ driver: new Failing(), config: { sandbox: { ready: 0 } } });
    const signal = AbortSignal.abort();
    assert.equal(((await host.call('executions.create', sleeper, { signal })) as ExecutionResult).verdict, 'cancelled');
    failing.open();
    await idle(host);
  });

  it('refuses what is withdrawn while it waits for its turn, and records nothing', async () => {
    await using host = await scriptedHost({ config: { executions: { concurrency: 1 } } });
    const first = new AbortController();
    const running = host.call('executions.create', sleeper, { signal: first.signal });
    await until(() => host.driver.ran.length === 1);
    const second = new AbortController();
    const waiting = host.call('executions.create', sleeper, { signal: second.signal });
    await until(async () => {
      const { executions } = (await host.call('host.info')) as { executions: { waiting: number } };
      return executions.waiting === 1;
    });
    second.abort();
    await assert.rejects(waiting, { code: 'cancelled' });
    await onlyExecution(host);
    first.abort();
    await running;
    await idle(host);
  });

  it('ends what is withdrawn while it is being accepted', async () => {
    const caller = new AbortController();
    const store = new FaultyStore();
    store.fault = (changes) => {
      if (accepts(changes)) caller.abort();
      return undefined;
    };
    await using host = await scriptedHost({ store });
    const result = (await host.call('executions.create', sleeper, { signal: caller.signal })) as ExecutionResult;
    assert.equal(result.verdict, 'cancelled');
  });

  it('closes standard input, so that whoever writes to it is not kept', async () => {
    await using host = await scriptedHost();
    const program = { language: 'script', code: 'stdin', stdin: { data: 'a', open: true } };
    const creating = host.call('executions.create', program);
    await until(() => host.driver.ran.length === 1);
    const { id } = await onlyExecution(host);
    await host.call('executions.input', { id, data: 'b' });
    await host.call('executions.cancel', { id });
    assert.equal(((await creating) as ExecutionResult).stdout, 'ab');
    await assert.rejects(host.call('executions.input', { id, data: 'c' }), { code: 'conflict' });
  });

  it('lets a caller go who no longer waits for another one’s cancellation to end', async () => {
    const release = gate();
    class Deaf extends ScriptedDriver {
      override async *run(id: string, spec: RunSpec, options: RunOptions): AsyncIterable<RunEvent> {
        await release.passed;
        yield* super.run(id, { ...spec, files: [] }, { ...options, signal: new AbortController().signal });
      }
    }
    await using host = await scriptedHost({ driver: new Deaf() });
    const creating = host.call('executions.create', sleeper);
    await until(
      async () => ((await host.call('executions.list')) as { executions: unknown[] }).executions.length === 1,
    );
    const { id } = await onlyExecution(host);
    const caller = new AbortController();
    const cancelling = host.call('executions.cancel', { id }, { signal: caller.signal });
    caller.abort();
    await assert.rejects(cancelling, { code: 'cancelled' });
    release.open();
    assert.equal(((await creating) as ExecutionResult).verdict, 'ok', 'it had ended before it heard');
  });
});
