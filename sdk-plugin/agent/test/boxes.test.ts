import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BoxStats, SandboxInfo, SandboxStats, WarmDemand } from '@soulbox/plugin-sdk';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { Boxes, noSuchSandbox, type LiveBox } from '../src/boxes.ts';
import { specOf } from './support/peer.ts';

const idle: SandboxStats = {
  at: 0,
  cpuMs: 0,
  memoryBytes: 0,
  peakMemoryBytes: 0,
  processes: 1,
  readBytes: null,
  writtenBytes: null,
};

class Box implements LiveBox {
  readonly id: string;
  destroyed = 0;
  readonly demands: WarmDemand[] = [];
  answers = true;
  constructor(id: string) {
    this.id = id;
  }
  get info(): SandboxInfo {
    return { id: this.id, state: 'running', createdAt: '', labels: {} };
  }
  stats(): Promise<BoxStats> {
    return Promise.resolve({ box: idle, runs: {} });
  }
  warm(demand: WarmDemand): void {
    this.demands.push(demand);
  }
  async ping(): Promise<void> {
    if (!this.answers) throw new SoulboxError('sandbox_lost', 'gone');
  }
  async destroy(): Promise<void> {
    this.destroyed++;
  }
}

const { signal } = new AbortController();

describe('Boxes', () => {
  it('has a box from when it is made until it is destroyed', async () => {
    const boxes = new Boxes<Box>();
    const box = new Box('a');
    assert.deepEqual(await boxes.make(async () => box, signal), box.info);
    assert.equal(boxes.get('a'), box);
    assert.deepEqual([...boxes], [box]);
    assert.deepEqual(boxes.list(), [box.info]);
    await boxes.destroy('a');
    await boxes.destroy('a');
    assert.deepEqual([boxes.get('a'), boxes.list(), box.destroyed], [undefined, [], 1]);
  });

  it('passes on that the caller gave up, before and while it is made', async () => {
    const boxes = new Boxes<Box>();
    await assert.rejects(
      boxes.make(() => assert.fail('begun'), AbortSignal.abort()),
      { code: 'cancelled' },
    );
    const controller = new AbortController();
    const making = boxes.make(
      (stop) =>
        new Promise((_, reject) =>
          stop.addEventListener('abort', () => reject(new SoulboxError('cancelled', 'given up'))),
        ),
      controller.signal,
    );
    controller.abort();
    await assert.rejects(making, { message: 'given up' });
    assert.deepEqual(boxes.list(), []);
  });

  it('is as well as its last attempt and its boxes', async () => {
    const boxes = new Boxes<Box>();
    assert.deepEqual(await boxes.health(10), { status: 'up' });
    for (const [code, status] of [
      ['sandbox_unavailable', 'down'],
      ['runtime_unavailable', 'down'],
    ] as const) {
      const failing = boxes.make(() => Promise.reject(new SoulboxError(code, 'why')), signal);
      await assert.rejects(failing, { code });
      assert.deepEqual(await boxes.health(10), { status, detail: 'why' });
    }
    const box = new Box('a');
    await boxes.make(async () => box, signal);
    await assert.rejects(boxes.make(() => Promise.reject(new SoulboxError('image_unavailable', 'x')), signal));
    assert.deepEqual(await boxes.health(10), { status: 'up' });
    box.answers = false;
    assert.deepEqual(await boxes.health(10), { status: 'degraded', detail: 'sandboxes that died: 1' });
  });

  it('tells a box what shall wait in it', async () => {
    const boxes = new Boxes<Box>();
    const box = new Box('a');
    await boxes.make(async () => box, signal);
    const program = { kind: 'start', argv: ['/x'], env: {}, startVariables: [] } as const;
    const demand = { program, limits: specOf().limits, count: 2 };
    await boxes.warm('a', demand);
    assert.deepEqual(box.demands, [demand]);
    await assert.rejects(boxes.warm('b', demand), { code: 'not_found' });
  });

  it('takes everything away when it is disposed of, also what is being made, and makes no more', async () => {
    const boxes = new Boxes<Box>();
    const [made, late] = [new Box('made'), new Box('late')];
    await boxes.make(async () => made, signal);
    const making = boxes.make(
      (stop) => new Promise((resolve) => stop.addEventListener('abort', () => resolve(late))),
      signal,
    );
    await Promise.all([boxes.dispose(), making]);
    assert.deepEqual([made.destroyed, late.destroyed, boxes.list()], [1, 1, []]);
    await assert.rejects(
      boxes.make(async () => made, signal),
      { code: 'cancelled' },
    );
  });
});

describe('a run in a sandbox that is not there', () => {
  it('rejects', async () => {
    const first = noSuchSandbox('x')[Symbol.asyncIterator]().next();
    await assert.rejects(first, { code: 'not_found', details: { id: 'x' } });
  });
});
