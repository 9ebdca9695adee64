import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { BoxStats, SandboxStats } from '@soulbox/plugin-sdk';
import { finish, started, type Subject } from './subject.ts';

const measures = ['cpuMs', 'memoryBytes', 'peakMemoryBytes', 'processes', 'readBytes', 'writtenBytes'] as const;

function assertSane(stats: SandboxStats): void {
  assert.deepEqual(Object.keys(stats).toSorted(), ['at', ...measures].toSorted());
  assert.ok(stats.at > 0 && stats.at <= Date.now());
  for (const name of measures) {
    const value = stats[name];
    assert.ok(value === null || (Number.isFinite(value) && value >= 0), `${name}: ${value}`);
  }
}

/** A line of input that comes when it is released. */
function heldLine(): { readonly stdin: AsyncIterable<Uint8Array>; release(): void } {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const stdin = (async function* (): AsyncGenerator<Uint8Array> {
    await released;
    yield Buffer.from('\n');
  })();
  return { stdin, release: () => release() };
}

export function describeStats(subject: Subject): void {
  const look = async (box = subject.box.id): Promise<BoxStats> => {
    assert.ok(subject.driver.stats, 'the driver has the capability, but not the method');
    return subject.driver.stats(box);
  };
  const withStats = (name: string, fn: (t: TestContext) => Promise<void>): void => {
    it(name, async (t) => {
      const able = subject.report.capabilities.includes('stats');
      await (able ? fn(t) : t.skip('the driver says that it has no capability stats'));
    });
  };

  describe('stats', () => {
    withStats('tell of the box when nothing runs in it', async () => {
      const { box, runs } = await look();
      assertSane(box);
      assert.deepEqual(runs, {});
    });

    withStats('tell what a run uses, until it has ended', async () => {
      const { stdin, release } = heldLine();
      // A little work before it waits, so that there is processor time to tell of.
      const script = 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; echo up; read line';
      const running = await started(subject.start({ script, stdin }));
      const id = subject.lastRun;
      let stats = await look();
      // What is counted may be told a little later.
      for (const name of ['cpuMs', 'memoryBytes', 'processes'] as const)
        while (stats.runs[id]?.[name] === 0) stats = await look();
      assert.deepEqual(Object.keys(stats.runs), [id]);
      const own: SandboxStats | undefined = stats.runs[id];
      assert.ok(own);
      for (const each of [stats.box, own]) assertSane(each);
      const { cpuMs, memoryBytes, peakMemoryBytes, processes } = own;
      assert.ok(processes === null || processes === 1, `${processes} processes`);
      if (memoryBytes !== null && peakMemoryBytes !== null) assert.ok(peakMemoryBytes > 0);
      release();
      assert.equal((await finish(running)).outcome.verdict, 'ok');
      const after = await look();
      assert.deepEqual(after.runs, {});
      if (after.box.cpuMs !== null && cpuMs !== null)
        assert.ok(after.box.cpuMs >= cpuMs, 'what ended runs used is kept');
    });

    withStats('are of one box only, and refused for one that is not there', async () => {
      const other = await subject.createBox();
      const { stdin, release } = heldLine();
      const running = await started(subject.start({ script: 'echo up; read line', stdin, box: other.id }));
      assert.deepEqual((await look()).runs, {});
      assert.deepEqual(Object.keys((await look(other.id)).runs), [subject.lastRun]);
      await subject.driver.destroy(other.id);
      await finish(running);
      release();
      for (const box of [other.id, 'no-such-box', '']) await assert.rejects(look(box), { code: 'not_found' });
    });
  });
}
