import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { AgentConnection } from '../src/connection.ts';
import { decodeFields, encodeFields, u64 } from '../src/fields.ts';
import { frameType } from '../src/protocol.ts';
import { collect, connected, Peer, socketPair, specOf, stageEndPayload } from './support/peer.ts';

describe('AgentConnection.open', () => {
  const refused: [string, (peer: Peer) => void, string][] = [
    ['another version', (peer) => peer.hello([], [2, 0]), 'agent_protocol'],
    ['something before HELLO', (peer) => peer.end(1), 'agent_protocol'],
    ['bytes that are no frame', (peer) => void peer.socket.write('HTTP/1.1 400 Bad Request\r\n'), 'agent_protocol'],
    ['an end of the stream', (peer) => void peer.socket.end(), 'sandbox_lost'],
    ['a reset', (peer) => void peer.socket.destroy(), 'sandbox_lost'],
    ['silence', () => undefined, 'deadline_exceeded'],
  ];
  for (const [name, act, code] of refused)
    it(`refuses ${name}`, async () => {
      const [near, far] = await socketPair();
      const peer = new Peer(far);
      act(peer);
      await assert.rejects(AgentConnection.open(near, { handshakeMs: code === 'deadline_exceeded' ? 50 : 10_000 }), {
        code,
      });
      assert.ok(near.destroyed);
      far.destroy();
    });

  it('stops when its caller does', async () => {
    for (const early of [true, false]) {
      const [near, far] = await socketPair();
      const controller = new AbortController();
      if (early) controller.abort();
      const opening = AgentConnection.open(near, { signal: controller.signal });
      controller.abort();
      await assert.rejects(opening, { code: 'cancelled' });
      far.destroy();
    }
  });

  it('keeps the facts', async (test) => {
    const { connection } = await connected(test, {}, ['user=own-uid', 'wall=agent']);
    assert.deepEqual(
      [...connection.facts],
      [
        ['user', 'own-uid'],
        ['wall', 'agent'],
      ],
    );
  });
});

describe('AgentConnection', () => {
  it('measures whether the agent answers', async (test) => {
    const { connection, peer } = await connected(test);
    const answered = connection.ping(10_000);
    const ping = await peer.received(frameType.ping);
    peer.send(frameType.pong, 0, ping.payload);
    await answered;
    assert.equal(connection.isOver, false);
    await assert.rejects(connection.ping(20), { code: 'sandbox_lost' });
    assert.equal(connection.isOver, true);
    await assert.rejects(connection.ping(10_000), { code: 'sandbox_lost' });
  });

  const violations: [string, (peer: Peer) => void][] = [
    ['a second HELLO', (peer) => peer.hello()],
    ['a PONG that nobody asked for', (peer) => peer.send(frameType.pong, 0, u64(1))],
    ['a USAGE that nobody asked for', (peer) => peer.send(frameType.usage, 0, encodeFields([[1, u64(1)]]))],
    ['a USAGE of a run that nobody asked for', (peer) => peer.send(frameType.usage, 1, encodeFields([[1, u64(1)]]))],
    ['a frame for an unknown run', (peer) => peer.output(77, 'x')],
    ['a run frame for the connection', (peer) => peer.output(0, 'x')],
    ['a HELLO for a run', (peer) => peer.send(frameType.hello, 5, encodeFields([[1, Uint8Array.of(1, 0)]]))],
  ];
  for (const [name, act] of violations)
    it(`ends at ${name}`, async (test) => {
      const { connection, peer } = await connected(test);
      act(peer);
      assert.equal((await connection.ended)?.code, 'agent_protocol');
    });

  it('tells what the box and its runs use, as the agent counts', async (test) => {
    const { connection, peer } = await connected(test, {}, ['stats=agent']);
    const running = collect(connection.run(specOf({ id: 'mine' }), { signal: new AbortController().signal }));
    await peer.received(frameType.start);
    const [first, second] = [connection.stats(10_000), connection.stats(10_000)];
    await peer.received(frameType.stats, 2);
    const asked = peer.frames.filter(({ type }) => type === frameType.stats).map(({ payload }) => payload);
    for (const [run, at, cpu] of [
      [1, 1, 2000],
      [0, 1, 3000],
      [1, 0, 0],
      [0, 0, 4000],
    ] as const)
      peer.send(frameType.usage, run, encodeFields([[1, asked[at]!], ...(cpu > 0 ? [[2, u64(cpu)] as const] : [])]));
    const cpuOf = ({ box, runs }: Awaited<typeof first>) => [box.cpuMs, runs['mine']?.cpuMs, Object.keys(runs)];
    assert.deepEqual(cpuOf(await first), [4, null, ['mine']]);
    assert.deepEqual(cpuOf(await second), [3, 2, ['mine']]);
    assert.ok((await first).box.at <= Date.now());
    await assert.rejects(connection.stats(20), { code: 'sandbox_lost' });
    assert.equal((await running).outcome.verdict, 'lost');
  });

  it('asks no agent that would not understand', async (test) => {
    const { connection } = await connected(test);
    await assert.rejects(connection.stats(10_000), { code: 'unsupported' });
    assert.equal(connection.isOver, false);
  });

  it('tells the agent what shall wait, and lets runs take it', async (test) => {
    const { connection, peer } = await connected(test, {}, ['warm=agent']);
    const program = { kind: 'fork', argv: ['/bin/waits'], env: {}, startVariables: [] } as const;
    const { limits, stages } = specOf();
    connection.warm({ program, limits, count: 0 });
    connection.warm({ program, limits, count: 1 });
    const spec = specOf({ stages: [{ ...stages[0]!, warm: program }] });
    const running = collect(connection.run(spec, { signal: new AbortController().signal }));
    const open = await peer.received(frameType.open);
    assert.equal(peer.frames.filter(({ type }) => type === frameType.warm).length, 1, 'nothing was to be ended');
    assert.equal([...decodeFields(open.payload)].find(({ tag }) => tag === 8)?.value.readUInt32LE(), 1);
    await peer.received(frameType.start);
    peer.stageStart(1);
    peer.send(frameType.stageEnd, 1, Buffer.concat([stageEndPayload({}), encodeFields([[9, Uint8Array.of(1)]])]));
    peer.end(1);
    assert.equal((await running).outcome.stages[0]?.start, 'warm');
    peer.socket.end();
    await connection.ended;
    assert.throws(() => connection.warm({ program, limits, count: 1 }), { code: 'sandbox_lost' });
  });

  it('asks no agent to let programs wait that cannot', async (test) => {
    const { connection, peer } = await connected(test);
    const program = { kind: 'start', argv: ['/bin/waits'], env: {}, startVariables: [] } as const;
    assert.throws(() => connection.warm({ program, limits: specOf().limits, count: 1 }), { code: 'unsupported' });
    assert.deepEqual([connection.isOver, peer.frames], [false, []]);
  });

  it('shuts the agent down, and its runs', async (test) => {
    const { connection, peer } = await connected(test);
    const running = collect(connection.run(specOf(), { signal: new AbortController().signal }));
    await peer.received(frameType.start);
    const done = connection.shutdown(10_000);
    const late = collect(connection.run(specOf(), { signal: new AbortController().signal }));
    await peer.received(frameType.kill);
    peer.end(1);
    await peer.received(frameType.shutdown);
    peer.socket.end();
    await done;
    assert.equal((await running).outcome.verdict, 'cancelled');
    assert.equal((await late).outcome.verdict, 'lost');
    assert.equal(await connection.ended, undefined);
  });

  it('takes the stream down when the agent ignores the shutdown', async (test) => {
    const { connection, peer } = await connected(test);
    const running = collect(connection.run(specOf(), { signal: new AbortController().signal }));
    await peer.received(frameType.start);
    await connection.shutdown(20);
    assert.equal((await running).outcome.verdict, 'lost');
    await connection.shutdown(20);
  });

  it('loses every run with the agent', async (test) => {
    const { connection, peer } = await connected(test);
    const runs = [1, 2, 3].map(() => collect(connection.run(specOf(), { signal: new AbortController().signal })));
    await peer.received(frameType.start, 3);
    peer.stageStart(2);
    peer.output(2, 'seen');
    await new Promise<void>((resolve) => peer.socket.end(() => resolve()));
    const [first, second] = await Promise.all(runs);
    assert.deepEqual([first?.outcome.verdict, first?.outcome.stages], ['lost', []]);
    assert.equal(second?.stdout, 'seen');
    assert.deepEqual(
      second?.outcome.stages.map(({ name, verdict, exitCode }) => [name, verdict, exitCode]),
      [['run', 'lost', null]],
    );
    assert.equal((await connection.ended)?.code, 'sandbox_lost');
    assert.equal(
      (await collect(connection.run(specOf(), { signal: new AbortController().signal }))).outcome.verdict,
      'lost',
    );
  });

  it('survives a peer that stops reading while a large file is on its way', async (test) => {
    const { connection, peer } = await connected(test, { graceMs: 100 });
    peer.socket.pause();
    const spec = specOf({ files: [{ path: 'a', content: Buffer.alloc(8e6) }] });
    const result = await collect(connection.run(spec, { signal: new AbortController().signal }));
    assert.equal(result.outcome.verdict, 'lost');
    if (!peer.socket.closed) {
      peer.socket.resume();
      await once(peer.socket, 'close');
    }
  });
});
