import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EnforcementSchema, isSoulboxError } from '@soulbox/plugin-sdk';
import { finish, started, type Subject } from './subject.ts';

const idempotentCount = 10;
const capabilities = [
  ...['pause', 'snapshot', 'memory-snapshot', 'volumes', 'ports', 'network-policy'],
  ...['gpu', 'stats', 'warm', 'live'],
];

export function describeLifecycle(subject: Subject): void {
  describe('lifecycle', () => {
    it('reports what holds an execution, which is what outcomes then say', async () => {
      const { report } = subject;
      assert.equal(report.reason, null);
      EnforcementSchema.parse(report.enforced);
      assert.notEqual(report.enforced.level, 'none');
      assert.ok(report.capabilities.every((name) => capabilities.includes(name)));
      assert.equal(new Set(report.capabilities).size, report.capabilities.length);
      const { outcome } = await subject.run({});
      assert.deepEqual(outcome.enforced, report.enforced);
    });

    it('leaves no box behind when it probes', async () => {
      const earlier = await subject.driver.list();
      const { signal } = new AbortController();
      for (let i = 0; i < idempotentCount; i++)
        assert.deepEqual((await subject.driver.probe({ signal })).enforced, subject.report.enforced);
      assert.deepEqual(await subject.driver.list(), earlier);
    });

    it('creates boxes of different ids, lists them, and destroys them', async () => {
      const boxes = await Promise.all([subject.createBox({ a: '1' }), subject.createBox({ a: '2' })]);
      const listed = await subject.driver.list();
      for (const box of boxes) {
        assert.equal(box.state, 'running');
        assert.ok(!Number.isNaN(Date.parse(box.createdAt)));
        assert.deepEqual(
          listed.find(({ id }) => id === box.id),
          box,
        );
      }
      assert.deepEqual(
        boxes.map(({ labels }) => labels),
        [{ a: '1' }, { a: '2' }],
      );
      assert.notEqual(boxes[0].id, boxes[1].id);
      await Promise.all(boxes.map(({ id }) => subject.driver.destroy(id)));
      const ids = (await subject.driver.list()).map(({ id }) => id);
      assert.ok(boxes.every(({ id }) => !ids.includes(id)));
    });

    it(`destroys one box ${idempotentCount} times, one after another and at once`, async () => {
      for (const atOnce of [false, true]) {
        const { id } = await subject.createBox();
        const destroyed: Promise<void>[] = [];
        for (let i = 0; i < idempotentCount; i++) {
          destroyed.push(subject.driver.destroy(id));
          if (!atOnce) await destroyed.at(-1);
        }
        await Promise.all(destroyed);
      }
    });

    it('destroys what never was', async () => {
      await subject.driver.destroy('no-such-box');
    });

    it('ends the runs of a box that is destroyed', async () => {
      const { id } = await subject.createBox();
      const running = await started(subject.start({ script: 'echo up; while :; do :; done', box: id }));
      const [{ outcome }] = await Promise.all([finish(running), subject.driver.destroy(id)]);
      assert.ok(['lost', 'cancelled'].includes(outcome.verdict), outcome.verdict);
    });

    it('runs nothing in a box that is not there', async () => {
      const { id } = await subject.createBox();
      await subject.driver.destroy(id);
      for (const box of [id, 'no-such-box', '']) {
        await assert.rejects(
          async () => finish(subject.start({ box })),
          (error) => isSoulboxError(error) && error.code === 'not_found',
        );
      }
    });

    it('does not create for a caller that has left', async () => {
      const earlier = (await subject.driver.list()).length;
      await assert.rejects(subject.driver.create({ paths: [], labels: {} }, { signal: AbortSignal.abort() }), {
        code: 'cancelled',
      });
      assert.equal((await subject.driver.list()).length, earlier);
    });

    it('takes away nothing of a living host when it reconciles', async () => {
      for (let i = 0; i < idempotentCount; i++) assert.equal(await subject.driver.reconcile(), 0);
      assert.equal((await subject.run({})).outcome.verdict, 'ok');
    });
  });
}
