import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Admission } from '../../src/execution/admission.ts';

const never = new AbortController().signal;
const make = (settings: Partial<{ concurrency: number; queue: number; queueMs: number }> = {}) =>
  new Admission({ concurrency: 1, queue: 10, queueMs: 60_000, ...settings });
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('admission', () => {
  it('lets as many in as fit, and the next when one leaves', async () => {
    const admission = make({ concurrency: 2 });
    const leave = [await admission.enter('a', never), await admission.enter('a', never)];
    const third = admission.enter('a', never);
    await turn();
    assert.deepEqual(admission.load, { running: 2, waiting: 1 });
    leave[0]?.();
    leave[0]?.();
    const leaveThird = await third;
    assert.deepEqual(admission.load, { running: 2, waiting: 0 });
    leave[1]?.();
    leaveThird();
    assert.deepEqual(admission.load, { running: 0, waiting: 0 });
  });

  it('takes turns between tenants', async () => {
    const admission = make();
    const order: string[] = [];
    const leave = await admission.enter('a', never);
    const others = ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'].map(async (name) => {
      const next = await admission.enter(name.slice(0, 1), never);
      order.push(name);
      next();
    });
    await turn();
    leave();
    await Promise.all(others);
    assert.deepEqual(order, ['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
    assert.deepEqual(admission.load, { running: 0, waiting: 0 });
  });

  it('refuses who comes when the queue is full, and says when to come back', async () => {
    const admission = make({ queue: 1 });
    const leave = await admission.enter('a', never);
    const second = admission.enter('a', never);
    await assert.rejects(admission.enter('b', never), {
      code: 'overloaded',
      details: { retryAfterMs: 1_000, running: 1, waiting: 1 },
    });
    leave();
    (await second)();
  });

  it('refuses who waited too long, and gives the place to the next', async () => {
    const admission = make({ queueMs: 5 });
    const leave = await admission.enter('a', never);
    await assert.rejects(admission.enter('a', never), { code: 'overloaded', message: /too long/ });
    assert.deepEqual(admission.load, { running: 1, waiting: 0 });
    leave();
    (await admission.enter('a', never))();
  });

  it('lets go of who gives up while waiting', async () => {
    const admission = make();
    const leave = await admission.enter('a', never);
    const caller = new AbortController();
    const waiting = admission.enter('b', caller.signal);
    const stays = admission.enter('b', never);
    caller.abort();
    await assert.rejects(waiting, { code: 'cancelled' });
    await assert.rejects(admission.enter('c', caller.signal), { code: 'cancelled' }, 'also when it gave up before');
    leave();
    (await stays)();
    assert.deepEqual(admission.load, { running: 0, waiting: 0 });
  });

  it('refuses those who wait and those who come once closed, and resolves when the last leaves', async () => {
    const admission = make();
    const leave = await admission.enter('a', never);
    const waiting = assert.rejects(admission.enter('b', never), { code: 'draining' });
    let idle = false;
    const closed = admission.close().then(() => (idle = true));
    await waiting;
    await assert.rejects(admission.enter('a', never), { code: 'draining' });
    await turn();
    assert.equal(idle, false);
    leave();
    await closed;
    await make().close();
  });
});
