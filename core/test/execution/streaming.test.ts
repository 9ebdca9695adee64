import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExecutionEvent, ExecutionResult } from '@soulbox/plugin-sdk';
import { MemoryStore } from '@soulbox/plugin-sdk/testing';
import { each, leaveAfterOne, scriptedHost, until, type ScriptedHost } from '../support/scripted-host.ts';

interface Told {
  readonly events: ExecutionEvent[];
  readonly result: ExecutionResult | undefined;
}

async function listen(
  host: ScriptedHost,
  operation: string,
  params: object,
  onEvent: (event: ExecutionEvent) => unknown = () => undefined,
): Promise<Told> {
  const events: ExecutionEvent[] = [];
  let result: ExecutionResult | undefined;
  for await (const item of host.stream(operation, { ...params, stream: true })) {
    if ('result' in item) result = item.result as ExecutionResult;
    else {
      events.push(item.event as ExecutionEvent);
      await onEvent(item.event as ExecutionEvent);
    }
  }
  return { events, result };
}

const lines = Array.from({ length: 40 }, (_, i) => `out line ${i}`);
const program = { language: 'script', code: lines.join('\n') };
const interactive = { language: 'script', code: 'stdin', stdin: { open: true } };

async function runningId(host: ScriptedHost): Promise<string> {
  await until(() => host.driver.ran.length > 0);
  const { executions } = (await host.call('executions.list')) as { executions: ExecutionResult[] };
  return executions[0]?.id ?? '';
}

describe('events of an execution', () => {
  it('come in order without a gap, the same for each of several readers, before the answer', async () => {
    await using host = await scriptedHost();
    const creating = listen(host, 'executions.create', interactive);
    const id = await runningId(host);
    const slow = listen(host, 'executions.get', { id }, () => new Promise((resolve) => setTimeout(resolve, 1)));
    for (const data of ['a', 'é', 'ü'.repeat(1_000)]) {
      await host.call('executions.input', { id, data });
      await new Promise((resolve) => setImmediate(resolve));
    }
    const late = listen(host, 'executions.get', { id, fromSeq: 3 });
    await host.call('executions.input', { id, close: true });
    const told = await creating;
    assert.deepEqual(
      told.events.map((event) => event.seq),
      told.events.map((_, i) => i + 1),
    );
    assert.deepEqual(
      [...new Set(told.events.map((event) => event.type))],
      ['accepted', 'started', 'stage', 'stdout', 'settled'],
    );
    const output = told.events.filter((event) => event.type === 'stdout').map((event) => event.data as string);
    assert.equal(output.join(''), told.result?.stdout);
    assert.deepEqual(await slow, told);
    assert.deepEqual(await late, { events: told.events.slice(3), result: told.result });
    assert.deepEqual(await listen(host, 'executions.get', { id, fromSeq: 1_000 }), { events: [], result: told.result });
  });

  it('are not asked for, not sent', async () => {
    await using host = await scriptedHost();
    const items = [];
    for await (const item of host.stream('executions.create', program)) items.push(item);
    assert.equal(items.length, 1);
  });

  it('hold no turn while their reader takes its time', async () => {
    await using host = await scriptedHost({ config: { executions: { concurrency: 1 } } });
    let others = 0;
    await listen(host, 'executions.create', program, async () => {
      if (others === 3) return;
      others += 1;
      await host.call('executions.create', { language: 'script', code: 'out y' });
    });
    assert.equal(others, 3, 'each ran while the first one was still being told');
  });

  it('go on for the others when one reader walks away', async () => {
    await using host = await scriptedHost();
    const creating = listen(host, 'executions.create', interactive);
    const id = await runningId(host);
    await leaveAfterOne(host.stream('executions.get', { id, stream: true }));
    const caller = new AbortController();
    const stream = host.stream('executions.get', { id, stream: true }, { signal: caller.signal });
    await assert.rejects(
      each(stream, () => caller.abort()),
      { code: 'cancelled' },
    );
    await host.call('executions.input', { id, data: 'x', close: true });
    assert.equal((await creating).result?.stdout, 'x');
  });

  it('are told to the end also when the caller withdraws', async () => {
    await using host = await scriptedHost();
    const caller = new AbortController();
    const types: string[] = [];
    const params = { language: 'script', code: 'out a\nsleep 100000', stream: true };
    for await (const item of host.stream('executions.create', params, { signal: caller.signal })) {
      if ('result' in item) continue;
      types.push((item.event as ExecutionEvent).type);
      if (types.at(-1) === 'stdout') caller.abort();
    }
    assert.deepEqual(types, ['accepted', 'started', 'stage', 'stdout', 'settled']);
  });
});

describe('an execution that is no longer in memory', () => {
  it('tells its end and its answer, whether evicted or from before a restart', async () => {
    const store = new MemoryStore();
    const first = await scriptedHost({ store, config: { executions: { replayBytes: 0 } } });
    const told = await listen(first, 'executions.create', program);
    const id = told.result?.id;
    const last = told.events.slice(-1);
    assert.deepEqual(await listen(first, 'executions.get', { id }), { events: last, result: told.result });
    assert.deepEqual(await listen(first, 'executions.get', { id, fromSeq: last[0]?.seq }), {
      events: [],
      result: told.result,
    });
    assert.deepEqual(await first.call('executions.cancel', { id }), told.result);
    await assert.rejects(first.call('executions.input', { id, data: 'x' }), { code: 'conflict' });
    await first.stop();
    await using second = await scriptedHost({ store });
    assert.deepEqual(await listen(second, 'executions.get', { id }), { events: last, result: told.result });
    assert.deepEqual(await second.call('executions.get', { id }), told.result);
  });

  it('is waited for when another host that shares the store runs it', async () => {
    const store = new MemoryStore();
    await using one = await scriptedHost({ store });
    await using other = await scriptedHost({ store });
    const creating = one.call('executions.create', interactive);
    const id = await runningId(one);
    assert.equal(((await other.call('executions.get', { id })) as ExecutionResult).status, 'running');
    const caller = new AbortController();
    const givesUp = other.call('executions.get', { id, stream: true }, { signal: caller.signal });
    setImmediate(() => caller.abort());
    await assert.rejects(givesUp, { code: 'cancelled' });
    await assert.rejects(
      other.call('executions.cancel', { id }),
      { code: 'conflict' },
      'it cannot end what it does not run',
    );
    await assert.rejects(other.call('executions.input', { id, data: 'x' }), { code: 'conflict' });
    const watching = listen(other, 'executions.get', { id });
    await one.call('executions.input', { id, data: 'x', close: true });
    const result = await creating;
    const told = await watching;
    assert.deepEqual(told.result, result);
    assert.deepEqual(
      told.events.map((event) => event.type),
      ['settled'],
    );
  });
});
