import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { accepts, FaultyStore, gate, scriptedHost, stranger, until } from '../support/scripted-host.ts';

const program = { language: 'script', code: 'out x', idempotencyKey: 'key' };

describe('idempotency key', () => {
  it('makes one execution of the same request sent twice', async () => {
    await using host = await scriptedHost();
    const first = await host.call('executions.create', program);
    assert.deepEqual(await host.call('executions.create', program), first);
    assert.equal(host.driver.ran.length, 1);
  });

  it('makes one execution of requests sent at once, though all came past the first look', async () => {
    const store = new FaultyStore();
    const together = gate();
    let coming = 0;
    store.fault = async (changes) => {
      if (!accepts(changes)) return undefined;
      coming += 1;
      if (coming === 4) together.open();
      await together.passed;
      return undefined;
    };
    await using host = await scriptedHost({ store });
    const results = await Promise.all(
      [1, 2, 3, 4].map(() => host.call('executions.create', program) as Promise<ExecutionResult>),
    );
    assert.equal(new Set(results.map((result) => result.id)).size, 1);
    assert.equal(host.driver.ran.length, 1);
    const { executions } = (await host.call('host.info')) as { executions: unknown };
    assert.deepEqual(executions, { running: 0, waiting: 0 }, 'those that came second gave their turns back');
  });

  it('answers the second with events too, when it asks for them', async () => {
    await using host = await scriptedHost();
    await host.call('executions.create', program);
    const seqs: number[] = [];
    for await (const item of host.stream('executions.create', { ...program, stream: true }))
      if ('event' in item) seqs.push((item.event as { seq: number }).seq);
    assert.deepEqual(seqs, [1, 2, 3, 4, 5]);
  });

  it('refuses another request under the same key', async () => {
    await using host = await scriptedHost();
    await host.call('executions.create', program);
    for (const other of [{ code: 'out y' }, { env: { A: '1' } }, { limits: { wallMs: 5 } }])
      await assert.rejects(host.call('executions.create', { ...program, ...other }), { code: 'idempotency_mismatch' });
    await host.call('executions.create', { ...program, stream: true });
    assert.equal(host.driver.ran.length, 1, 'whether events are wanted makes no other request');
  });

  it('takes a request for the same whatever the order of its keys, but not of its arguments', async () => {
    await using host = await scriptedHost();
    const first = await host.call('executions.create', { ...program, env: { A: '1', B: '2' }, args: ['a', 'b'] });
    const { language, code, idempotencyKey } = program;
    const again = { args: ['a', 'b'], idempotencyKey, env: { B: '2', A: '1' }, code, language };
    assert.deepEqual(await host.call('executions.create', again), first);
    await assert.rejects(host.call('executions.create', { ...again, args: ['b', 'a'] }), {
      code: 'idempotency_mismatch',
    });
  });

  it('knows nothing of the keys of another tenant', async () => {
    await using host = await scriptedHost();
    const mine = (await host.call('executions.create', program)) as ExecutionResult;
    const options = { principal: stranger };
    const theirs = (await host.call('executions.create', { ...program, code: 'out y' }, options)) as ExecutionResult;
    assert.notEqual(theirs.id, mine.id);
    assert.equal(theirs.stdout, 'y\n');
  });

  it('waits for the first without owning it: giving up leaves it running', async () => {
    await using host = await scriptedHost();
    const sleeper = { ...program, code: 'sleep 100000' };
    const first = host.call('executions.create', sleeper);
    await until(() => host.driver.ran.length === 1);
    const caller = new AbortController();
    const second = host.call('executions.create', sleeper, { signal: caller.signal });
    setImmediate(() => caller.abort());
    await assert.rejects(second, { code: 'cancelled' });
    const { executions } = (await host.call('executions.list')) as { executions: ExecutionResult[] };
    assert.equal(executions[0]?.status, 'running');
    await host.call('executions.cancel', { id: executions[0]?.id });
    await first;
  });

  it('is not used up by a request that was refused', async () => {
    const store = new FaultyStore();
    await using host = await scriptedHost({ store });
    store.fault = (changes) => (accepts(changes) ? new Error('disk full') : undefined);
    await assert.rejects(host.call('executions.create', program), { code: 'internal' });
    store.fault = () => undefined;
    assert.equal(((await host.call('executions.create', program)) as ExecutionResult).verdict, 'ok');
  });
});
