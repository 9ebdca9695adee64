import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { encodeFields, u32 } from '../src/fields.ts';
import { frameType } from '../src/protocol.ts';
import type { Peer } from './support/peer.ts';
import { collect, connected, specOf } from './support/peer.ts';

const never = new AbortController().signal;
const twoStages = specOf({
  stages: [
    { name: 'compile', argv: ['/bin/cc'], env: { A: 'b' }, stdin: false },
    { name: 'run', argv: ['/bin/a', ''], env: {}, stdin: false },
  ],
});

describe('a run', () => {
  it('tells stages, output and outcome in order', async (test) => {
    const { connection, peer } = await connected(test, {}, ['user=own-uid', 'wall=agent']);
    const running = collect(connection.run(twoStages, { signal: never }));
    await peer.received(frameType.start);
    peer.stageStart(1, 0);
    peer.output(1, 'building', 2);
    peer.stageEnd(1, { memory: 4096 });
    peer.stageStart(1, 1);
    peer.output(1, Uint8Array.of(0xff, 0));
    peer.stageEnd(1, { index: 1, verdict: 2, exitCode: null, signal: 11 });
    peer.end(1, 2, ['user=shared-uid']);
    const { stages, stdout, stderr, outcome } = await running;
    assert.deepEqual([stages, stdout, stderr], [['compile', 'run'], '\xff\0', 'building']);
    assert.deepEqual([outcome.verdict, outcome.exitCode, outcome.signal], ['signal', null, 'SIGSEGV']);
    assert.deepEqual(outcome.truncated, { stdout: false, stderr: true });
    assert.deepEqual([outcome.enforced.user, outcome.enforced.wall], ['shared-uid', 'agent']);
    assert.deepEqual(outcome.stages[0]?.usage, { wallMs: 12.345, cpuMs: 2, peakMemoryBytes: 4096 });
    const again = collect(connection.run(specOf(), { signal: never }));
    assert.equal((await peer.received(frameType.open, 2)).run, 2);
    peer.send(frameType.refused, 2, encodeFields([[1, Buffer.from('disk')]]));
    assert.equal((await again).outcome.verdict, 'disk-limit');
  });

  const refusals: [string, string][] = [
    ['invalid', 'invalid_params'],
    ['busy', 'overloaded'],
    ['setup', 'sandbox_unavailable'],
    ['path', 'path_outside_box'],
  ];
  for (const [refusal, code] of refusals)
    it(`refused as ${refusal} throws ${code}`, async (test) => {
      const { connection, peer } = await connected(test);
      const running = collect(connection.run(specOf(), { signal: never }));
      await peer.received(frameType.open);
      peer.send(
        frameType.refused,
        1,
        encodeFields([
          [1, Buffer.from(refusal)],
          [2, Buffer.from('mount')],
        ]),
      );
      await assert.rejects(running, { code, message: /: mount$/ });
      assert.equal(connection.isOver, false);
    });

  const keeping = specOf({
    stages: [
      { name: 'compile', argv: ['/bin/cc'], env: {}, stdin: false, keep: 'a.out' },
      { name: 'run', argv: ['/bin/a'], env: {}, stdin: false },
    ],
  });

  it('tells the file that is kept of a stage, and grants more as it is taken', async (test) => {
    const { connection, peer } = await connected(test, { creditBytes: 10 }, ['keep=agent']);
    const running = collect(connection.run(keeping, { signal: never }));
    await peer.received(frameType.start);
    peer.stageStart(1, 0);
    peer.stageEnd(1);
    peer.send(frameType.fileOut, 1, Buffer.from('abc'));
    peer.send(frameType.fileOut, 1, Buffer.from('defg'));
    peer.send(frameType.fileOut, 1);
    assert.equal((await peer.received(frameType.credit)).payload.readUInt32LE(), 7);
    peer.stageStart(1, 1);
    peer.stageEnd(1, { index: 1 });
    peer.end(1);
    assert.equal((await running).file, 'abcdefg.');
  });

  it('asks an agent that cannot keep files for none', async (test) => {
    const { connection, peer } = await connected(test);
    const running = collect(connection.run(keeping, { signal: never }));
    await peer.received(frameType.start);
    assert.ok(peer.frames.every(({ payload }) => !payload.includes('a.out')));
    peer.stageStart(1, 0);
    peer.stageEnd(1, { verdict: 1, exitCode: 2 });
    peer.end(1);
    assert.equal((await running).file, '');
  });

  const strays: Record<string, (peer: Peer) => void> = {
    'before its stage has ended': (peer) => peer.stageStart(1, 0),
    'of a stage that failed': (peer) => {
      peer.stageStart(1, 0);
      peer.stageEnd(1, { verdict: 1, exitCode: 2 });
    },
    'of the next stage': (peer) => {
      peer.stageStart(1, 0);
      peer.stageEnd(1);
      peer.stageStart(1, 1);
      peer.stageEnd(1, { index: 1 });
    },
    'after its end': (peer) => {
      peer.stageStart(1, 0);
      peer.stageEnd(1);
      peer.send(frameType.fileOut, 1);
    },
  };
  for (const [when, before] of Object.entries(strays))
    it(`loses an agent that sends a file ${when}`, async (test) => {
      const { connection, peer } = await connected(test, {}, ['keep=agent']);
      const running = collect(connection.run(keeping, { signal: never }));
      await peer.received(frameType.start);
      before(peer);
      peer.send(frameType.fileOut, 1, Buffer.from('x'));
      assert.equal((await running).outcome.verdict, 'lost');
      assert.ok(connection.isOver);
    });

  it('loses an agent that sends more of a file than was granted, or than a file may have', async (test) => {
    for (const [creditBytes, times] of [
      [10, 1],
      [64 << 20, 33],
    ] as const) {
      const { connection, peer } = await connected(test, { creditBytes }, ['keep=agent']);
      const running = collect(connection.run(keeping, { signal: never }));
      await peer.received(frameType.start);
      peer.stageStart(1, 0);
      peer.stageEnd(1);
      for (let n = 0; n < times; n++) peer.send(frameType.fileOut, 1, Buffer.alloc(1 << 20));
      assert.equal((await running).outcome.verdict, 'lost');
    }
  });

  it('with a description that cannot be sent throws and leaves the connection alone', async (test) => {
    const { connection } = await connected(test);
    await assert.rejects(collect(connection.run(specOf({ stages: [] }), { signal: never })), {
      code: 'invalid_params',
    });
    assert.equal(connection.isOver, false);
  });

  it('cancelled before it starts sends nothing', async (test) => {
    const { connection, peer } = await connected(test);
    const { outcome } = await collect(connection.run(specOf(), { signal: AbortSignal.abort() }));
    assert.deepEqual([outcome.verdict, outcome.stages], ['cancelled', []]);
    const answered = connection.ping(10_000);
    peer.send(frameType.pong, 0, (await peer.received(frameType.ping)).payload);
    await answered;
    assert.equal(peer.frames.length, 1);
  });

  it('is killed when its signal aborts, in a stage or before any', async (test) => {
    const { connection, peer } = await connected(test);
    for (const [run, inStage] of [
      [1, true],
      [2, false],
    ] as const) {
      const controller = new AbortController();
      const running = collect(connection.run(specOf(), { signal: controller.signal }));
      await peer.received(frameType.start, run);
      if (inStage) peer.stageStart(run);
      controller.abort();
      await peer.received(frameType.kill, run);
      if (inStage) peer.stageEnd(run, { verdict: 10, exitCode: null, signal: 9 });
      peer.end(run);
      assert.equal((await running).outcome.verdict, 'cancelled');
    }
  });

  it('whose consumer leaves is killed and over before the loop goes on', async (test) => {
    const { connection, peer } = await connected(test);
    const leaving = (async () => {
      for await (const event of connection.run(specOf(), { signal: never })) if (event.type === 'stdout') break;
    })();
    await peer.received(frameType.start);
    peer.stageStart(1);
    peer.output(1, 'x');
    await peer.received(frameType.kill);
    peer.output(1, 'late');
    peer.stageEnd(1, { verdict: 10, exitCode: null });
    peer.end(1);
    await leaving;
    assert.equal(connection.isOver, false);
  });

  const violations: [string, (peer: Peer) => void][] = [
    ['output before a stage', (peer) => peer.output(1, 'x')],
    ['stage 1 first', (peer) => peer.stageStart(1, 1)],
    [
      'a stage that does not exist',
      (peer) => (stage(peer), peer.stageStart(1, 1), stage(peer, 1), peer.stageStart(1, 2)),
    ],
    ['two stages at once', (peer) => (peer.stageStart(1), peer.stageStart(1, 1))],
    ['a stage after one that failed', (peer) => (stage(peer, 0, 1), peer.stageStart(1, 1))],
    ['the end of a stage that never began', (peer) => peer.stageEnd(1)],
    ['the end of another stage', (peer) => (peer.stageStart(1), peer.stageEnd(1, { index: 1 }))],
    ['output after the stage', (peer) => (stage(peer), peer.output(1, 'x'))],
    ['an end in a stage', (peer) => (peer.stageStart(1), peer.end(1))],
    ['an end before the last stage', (peer) => (stage(peer), peer.end(1))],
    ['an end before any stage', (peer) => peer.end(1)],
    ['a cancelled stage', (peer) => (peer.stageStart(1), peer.stageEnd(1, { verdict: 10, exitCode: null }))],
    [
      'a refusal under way',
      (peer) => (stage(peer), peer.send(frameType.refused, 1, encodeFields([[1, Buffer.from('path')]]))),
    ],
    ['more output than granted', (peer) => (peer.stageStart(1), peer.output(1, 'x'.repeat(101)))],
    ['a credit of 0', (peer) => peer.send(frameType.stdinCredit, 1, u32(0))],
    ['an absurd credit', (peer) => peer.send(frameType.stdinCredit, 1, u32(2 ** 31))],
    ['a pong for a run', (peer) => peer.send(frameType.pong, 1, Buffer.alloc(8))],
  ];
  for (const [name, act] of violations)
    it(`is lost at ${name}`, async (test) => {
      const { connection, peer } = await connected(test, { creditBytes: 100 });
      const running = collect(connection.run(twoStages, { signal: never }));
      await peer.received(frameType.start);
      act(peer);
      assert.equal((await running).outcome.verdict, 'lost');
      assert.equal((await connection.ended)?.code, 'agent_protocol');
    });

  it('is lost when it says more than its output limit', async (test) => {
    const { connection, peer } = await connected(test);
    const spec = specOf({ limits: { ...specOf().limits, outputBytes: 10 } });
    const running = collect(connection.run(spec, { signal: never }));
    await peer.received(frameType.start);
    peer.stageStart(1);
    peer.output(1, 'x'.repeat(11));
    assert.equal((await running).outcome.verdict, 'lost');
  });

  it('is lost when the agent does not end it in time, but not for a late consumer', async (test) => {
    const { connection, peer } = await connected(test, { graceMs: 40 });
    const spec = specOf({ limits: { ...specOf().limits, wallMs: 10 } });
    const events = connection.run(spec, { signal: never })[Symbol.asyncIterator]();
    await peer.received(frameType.start);
    peer.stageStart(1);
    peer.output(1, 'x');
    await new Promise((resolve) => setTimeout(resolve, 150));
    assert.equal(connection.isOver, false);
    assert.deepEqual((await events.next()).value, { type: 'stage', name: 'run' });
    assert.equal((await events.next()).value?.type, 'stdout');
    const last = (await events.next()).value;
    assert.ok(last?.type === 'end' && last.outcome.verdict === 'lost');
    assert.equal((await events.next()).done, true);
    assert.equal((await connection.ended)?.code, 'sandbox_lost');
  });

  it('grants output only as it is read', async (test) => {
    const { connection, peer } = await connected(test, { creditBytes: 1000 });
    const events = connection.run(specOf(), { signal: never })[Symbol.asyncIterator]();
    await peer.received(frameType.start);
    peer.stageStart(1);
    for (let i = 0; i < 10; i++) peer.output(1, 'x'.repeat(100));
    await events.next();
    for (let i = 0; i < 4; i++) await events.next();
    await setImmediate();
    assert.ok(!peer.frames.some(({ type }) => type === frameType.credit));
    await events.next();
    assert.equal((await peer.received(frameType.credit)).payload.readUInt32LE(), 500);
    peer.socket.end();
    while (!(await events.next()).done);
  });

  it('holds many small pieces of both streams without losing a byte', async (test) => {
    const { connection, peer } = await connected(test);
    const events = connection.run(twoStages, { signal: never });
    const iterator = events[Symbol.asyncIterator]();
    await peer.received(frameType.start);
    peer.stageStart(1);
    for (let i = 0; i < 2000; i++) peer.output(1, String(i % 10), 1 + (i % 2));
    peer.stageEnd(1);
    peer.stageStart(1, 1);
    for (let i = 0; i < 300; i++) peer.output(1, 'z');
    peer.stageEnd(1, { index: 1 });
    peer.end(1);
    const ping = connection.ping(10_000);
    peer.send(frameType.pong, 0, (await peer.received(frameType.ping)).payload);
    await ping;
    const { stdout, stderr, stages } = await collect({ [Symbol.asyncIterator]: () => iterator });
    assert.equal(stdout, '02468'.repeat(200) + 'z'.repeat(300));
    assert.equal(stderr, '13579'.repeat(200));
    assert.deepEqual(stages, ['compile', 'run']);
  });
});

function stage(peer: Peer, index = 0, exitCode = 0): void {
  peer.stageStart(1, index);
  peer.stageEnd(1, { index, verdict: exitCode === 0 ? 0 : 1, exitCode });
}
