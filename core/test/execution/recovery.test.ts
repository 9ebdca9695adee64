import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { pino } from 'pino';
import { SandboxDriver, SoulboxError, type ExecutionResult } from '@soulbox/plugin-sdk';
import { MemoryStore, ScriptedDriver } from '@soulbox/plugin-sdk/testing';
import { idempotencyCollection } from '../../src/execution/idempotency.ts';
import { Maintenance } from '../../src/execution/maintenance.ts';
import { executionCollection, executionIndexes } from '../../src/execution/record.ts';
import { forgetOld, settleInterrupted } from '../../src/execution/recovery.ts';
import { Instance } from '../../src/instance.ts';
import { Services } from '../../src/services.ts';
import { FaultyStore, scriptedHost, settles, until } from '../support/scripted-host.ts';

const log = pino({ level: 'silent' });

async function makeStore(): Promise<FaultyStore> {
  const store = new FaultyStore();
  await store.define(executionCollection, { indexes: executionIndexes });
  await store.define(idempotencyCollection, { indexes: ['createdAt'] });
  await store.define('instances', { indexes: [] });
  return store;
}

async function put(store: MemoryStore, id: string, value: object): Promise<void> {
  const base = { tenant: 't', status: 'running', verdict: null, createdAt: '2026-01-01T00:00:00.000Z', lastSeq: 0 };
  const result = { id, status: 'running', verdict: null };
  await store.commit([{ op: 'put', collection: executionCollection, id, value: { ...base, result, ...value } }]);
}

async function verdictOf(store: MemoryStore, id: string): Promise<unknown> {
  return (await store.get(executionCollection, id))?.value['verdict'];
}

describe('recovery', () => {
  it('settles what a dead host left, exactly once though two hosts do it at once, and nothing of the living', async () => {
    const store = await makeStore();
    const [one, two] = [new Instance(store), new Instance(store)];
    await one.register();
    await two.register();
    const left = Array.from({ length: 1_203 }, (_, i) => `dead-${i}`);
    for (const id of left) await put(store, id, { instance: 'gone' });
    await put(store, 'living', { instance: two.id });
    await put(store, 'done', { instance: 'gone', status: 'settled', verdict: 'ok' });
    const counts = await Promise.all([settleInterrupted(store, one, log), settleInterrupted(store, two, log)]);
    assert.equal(counts[0] + counts[1], left.length);
    for (const id of left) {
      const document = await store.get(executionCollection, id);
      assert.equal(document?.version, 2);
      assert.equal(document.value['verdict'], 'interrupted');
      assert.equal((document.value['result'] as unknown as ExecutionResult).error?.code, 'interrupted');
    }
    assert.equal(await verdictOf(store, 'living'), null);
    assert.equal(await verdictOf(store, 'done'), 'ok');
    assert.equal(await settleInterrupted(store, one, log), 0);
    await one.unregister();
    await two.unregister();
  });

  it('hears of a store that fails', async () => {
    const store = await makeStore();
    await put(store, 'dead', { instance: 'gone' });
    store.fault = (changes) => (settles(changes) ? new SoulboxError('storage_failed', 'full') : undefined);
    await assert.rejects(settleInterrupted(store, new Instance(store), log), { code: 'storage_failed' });
  });

  it('forgets settled executions and keys after their time, and no others', async () => {
    const store = await makeStore();
    const now = new Date('2026-11-24T00:00:00.000Z');
    const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString();
    for (const days of [1, 6.9, 7.1, 30]) {
      await put(store, `settled-${days}`, { status: 'settled', settledAt: daysAgo(days) });
      const value = { executionId: 'x', requestHash: 'x', createdAt: daysAgo(days) };
      await store.commit([{ op: 'put', collection: idempotencyCollection, id: `key-${days}`, value }]);
    }
    await put(store, 'running', { createdAt: daysAgo(30) });
    await forgetOld(store, 7, now);
    const ids = async (collection: string) => (await store.query(collection, {})).documents.map(({ id }) => id);
    assert.deepEqual(await ids(executionCollection), ['running', 'settled-1', 'settled-6.9']);
    assert.deepEqual(await ids(idempotencyCollection), ['key-1', 'key-6.9']);
  });
});

describe('a run of the host', () => {
  it('is alive as long as its process is, and its record tells it from others', async () => {
    const store = await makeStore();
    const [self, other] = [new Instance(store), new Instance(store)];
    await other.register();
    assert.equal(await self.isAlive(self.id), true);
    assert.equal(await self.isAlive(other.id), true);
    assert.equal(await self.isAlive('unknown'), false);
    const mine = (await store.get('instances', other.id))?.value ?? {};
    const cases: [string, object, boolean][] = [
      ['another process that took the pid', { startTicks: '1' }, false],
      ['another boot of this machine', { bootId: 'earlier' }, false],
      ['a process that is gone', { pid: 2 ** 22 + 1 }, false],
      ['a system without start times', { startTicks: '' }, true],
      ['a system without start times, and gone', { startTicks: '', pid: 2 ** 22 + 1 }, false],
      ['init, whom an ordinary user may not signal', { startTicks: '', pid: 1 }, true],
      ['another container of this machine', { pidNamespace: 'pid:[1]', pid: 2 ** 22 + 1 }, true],
      ['another container, silent', { pidNamespace: 'pid:[1]', heartbeatAt: Date.now() - 70_000 }, false],
      ['another machine, heard of', { hostname: 'else', bootId: 'x', heartbeatAt: Date.now() - 50_000 }, true],
      ['another machine, silent', { hostname: 'else', bootId: 'x', heartbeatAt: Date.now() - 70_000 }, false],
    ];
    for (const [what, change, expected] of cases) {
      const value = { ...mine, ...change };
      await store.commit([{ op: 'put', collection: 'instances', id: 'subject', value }]);
      assert.equal(await self.isAlive('subject'), expected, what);
      await self.sweep();
      assert.equal((await store.get('instances', 'subject')) !== undefined, expected, `${what}: swept`);
    }
    assert.ok(await store.get('instances', other.id), 'the living stay');
    await other.unregister();
    assert.equal(await self.isAlive(other.id), false);
  });

  it('gives a sign of life again and again, and none after it signed off', async () => {
    const store = await makeStore();
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      const self = new Instance(store);
      await self.register();
      const version = async () => (await store.get('instances', self.id))?.version;
      mock.timers.tick(10_000);
      await until(async () => (await version()) === 2);
      let beats = 0;
      store.fault = () => (beats++ === 0 ? new Error('away for a moment') : undefined);
      mock.timers.tick(10_000);
      await until(() => beats === 1);
      mock.timers.tick(10_000);
      await self.unregister();
      assert.equal(beats >= 2, true, 'a beat that failed is not the last one');
      assert.equal(await version(), undefined, 'a beat under way did not bring it back');
    } finally {
      mock.timers.reset();
    }
  });
});

describe('maintenance', () => {
  async function makeMaintenance(driver: ScriptedDriver) {
    const store = await makeStore();
    const services = new Services();
    services.provide('test', SandboxDriver, driver, 'scripted');
    const instance = new Instance(store);
    const live = { forgetOld: async () => undefined };
    const maintenance = new Maintenance({ store, instance, services, log, retentionDays: 7, live });
    return { store, maintenance };
  }

  it('clears up before the host accepts anything, and from time to time', async () => {
    let reconciled = 0;
    class Left extends ScriptedDriver {
      override reconcile(): Promise<number> {
        reconciled += 1;
        return reconciled === 2 ? Promise.reject(new Error('busy')) : Promise.resolve(reconciled);
      }
    }
    const { store, maintenance } = await makeMaintenance(new Left());
    await put(store, 'dead', { instance: 'gone' });
    await put(store, 'old', { status: 'settled', settledAt: '2020-01-01T00:00:00.000Z' });
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      await maintenance.start();
      assert.equal(await verdictOf(store, 'dead'), 'interrupted');
      assert.equal(reconciled, 1);
      await put(store, 'dead later', { instance: 'gone' });
      mock.timers.tick(30_000);
      await maintenance.stop();
    } finally {
      mock.timers.reset();
    }
    assert.equal(await verdictOf(store, 'dead later'), 'interrupted');
    assert.equal(await store.get(executionCollection, 'old'), undefined);
    assert.equal(reconciled, 2);
  });

  it('does not start where the store cannot be cleared up, but outlives a round that fails', async () => {
    const { store, maintenance } = await makeMaintenance(new ScriptedDriver());
    await put(store, 'dead', { instance: 'gone' });
    store.fault = () => new SoulboxError('storage_failed', 'full');
    await assert.rejects(maintenance.start(), { code: 'storage_failed' });
    await maintenance.round();
    store.fault = () => undefined;
    await maintenance.round();
    assert.equal(await verdictOf(store, 'dead'), 'interrupted');
    await maintenance.stop();
  });

  it('finds at a start what a killed host left behind', async () => {
    const store = new MemoryStore();
    await (await scriptedHost({ store })).stop();
    await put(store, 'dead', { instance: 'gone', tenant: 'test' });
    await using host = await scriptedHost({ store });
    const result = (await host.call('executions.get', { id: 'dead', stream: true })) as ExecutionResult;
    assert.deepEqual([result.verdict, result.error?.retryable], ['interrupted', true]);
  });
});
