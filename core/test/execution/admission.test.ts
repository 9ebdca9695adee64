import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { Admission, type AdmissionSettings } from '../../src/execution/admission.ts';

const never = new AbortController().signal;
const make = (settings: Partial<AdmissionSettings> = {}) =>
  new Admission({ concurrency: 1, weights: {}, queue: 10, queueMs: 60_000, ...settings });
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

  it('lets in what needs no turn, and waits for it only at the end', async () => {
    const admission = make();
    const leave = await admission.enter('a', never);
    const pass = admission.pass();
    const second = admission.enter('a', never);
    pass();
    await turn();
    assert.deepEqual(admission.load, { running: 1, waiting: 1 });
    leave();
    const last = admission.pass();
    (await second)();
    let closed = false;
    const closing = admission.close().then(() => (closed = true));
    assert.throws(() => admission.pass(), { code: 'draining' });
    await turn();
    assert.equal(closed, false);
    last();
    await closing;
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

  it('says to come back later the longer executions take and the more wait', async () => {
    const admission = make({ queue: 2 });
    mock.timers.enable({ apis: ['setTimeout'] });
    const now = mock.method(performance, 'now', () => 0);
    const leave = await admission.enter('a', never);
    now.mock.mockImplementation(() => 3_000);
    leave();
    const leaveNext = await admission.enter('a', never);
    const waiting = [admission.enter('a', never), admission.enter('a', never)];
    await assert.rejects(admission.enter('a', never), {
      code: 'overloaded',
      details: { retryAfterMs: 9_000, running: 1, waiting: 2 },
    });
    leaveNext();
    for (const next of waiting) (await next)();
    mock.reset();
    mock.timers.reset();
  });

  it('lets who floods the queue give way to who does not', async () => {
    const admission = make({ queue: 3, weights: { d: 3 } });
    const leave = await admission.enter('a', never);
    const flood = [1, 2, 3].map(() => admission.enter('a', never));
    const other = admission.enter('b', never);
    await assert.rejects(flood[2]!, { code: 'overloaded' });
    await assert.rejects(admission.enter('a', never), { code: 'overloaded' }, 'it has the most itself');
    const third = admission.enter('c', never);
    await assert.rejects(flood[1]!, { code: 'overloaded' });
    await assert.rejects(admission.enter('e', never), { code: 'overloaded' }, 'nobody has more than it would have');
    const heavy = admission.enter('d', never);
    await assert.rejects(flood[0]!, { code: 'overloaded' }, 'its one weighs more than the one of who has three turns');
    leave();
    for (const entered of [other, third, heavy]) (await entered)();
    assert.deepEqual(admission.load, { running: 0, waiting: 0 });
  });

  it('leaves a place that one tenant alone cannot take', async () => {
    const admission = make({ concurrency: 8 });
    const leaves = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(() => admission.enter('a', never)));
    const eighth = admission.enter('a', never);
    await turn();
    assert.deepEqual(admission.load, { running: 7, waiting: 1 });
    const leaveOther = await admission.enter('b', never);
    leaveOther();
    await turn();
    assert.deepEqual(admission.load, { running: 7, waiting: 1 }, 'nor when it is given back');
    leaves[0]?.();
    (await eighth)();
    for (const leave of leaves) leave();
    assert.deepEqual(admission.load, { running: 0, waiting: 0 });
    const one = make({ concurrency: 2, tenantConcurrency: 1 });
    const leaveFirst = await one.enter('a', never);
    const second = one.enter('a', never);
    await turn();
    assert.deepEqual(one.load, { running: 1, waiting: 1 });
    leaveFirst();
    (await second)();
  });

  it('gives tenants as many turns as they weigh', async () => {
    const admission = make({ weights: { a: 2 } });
    const order: string[] = [];
    const leave = await admission.enter('x', never);
    const all = ['a1', 'a2', 'a3', 'b1', 'b2'].map(async (name) => {
      const next = await admission.enter(name.slice(0, 1), never);
      order.push(name);
      next();
    });
    await turn();
    leave();
    await Promise.all(all);
    assert.deepEqual(order, ['a1', 'a2', 'b1', 'a3', 'b2']);
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
