import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { AgentConnection } from '../src/connection.ts';
import { encodeFields, u32, u64 } from '../src/fields.ts';
import { frameType } from '../src/protocol.ts';
import { encodeFrame } from '../src/request.ts';
import { collect, Peer, socketPair, specOf, stageEndPayload } from './support/peer.ts';

/** Mulberry32: small, seeded, good enough to choose mutations. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function honest(run: number): Buffer[] {
  return [
    encodeFrame(frameType.stdinCredit, run, u32(10)),
    encodeFrame(frameType.stageStart, run, Uint8Array.of(0)),
    encodeFrame(frameType.output, run, Buffer.from('\u0001hello')),
    encodeFrame(frameType.output, run, Buffer.from('\u0002oops')),
    encodeFrame(frameType.pong, 0, u64(1)),
    encodeFrame(
      frameType.usage,
      run,
      encodeFields([
        [1, u64(2)],
        [2, u64(5)],
      ]),
    ),
    encodeFrame(
      frameType.usage,
      0,
      encodeFields([
        [1, u64(2)],
        [3, u64(7)],
      ]),
    ),
    encodeFrame(
      frameType.stageEnd,
      run,
      Buffer.concat([stageEndPayload({ memory: 99 }), encodeFields([[9, Uint8Array.of(1)]])]),
    ),
    encodeFrame(frameType.fileOut, run, Buffer.from('of a file')),
    encodeFrame(frameType.fileOut, run),
    encodeFrame(
      frameType.end,
      run,
      encodeFields([
        [1, Uint8Array.of(0)],
        [2, Buffer.from('user=own-uid')],
      ]),
    ),
  ];
}

function mutate(frames: Buffer[], random: (below: number) => number): Buffer {
  const changed = frames.map((frame) => Buffer.from(frame));
  for (let count = random(3); count >= 0; count--) {
    const at = random(changed.length);
    const frame = changed.at(at) ?? Buffer.alloc(0);
    switch (random(6)) {
      case 0:
        if (frame.length > 0) frame[random(frame.length)] = random(256);
        break;
      case 1:
        changed[at] = frame.subarray(0, random(frame.length + 1));
        break;
      case 2:
        changed.splice(at, 0, Buffer.from(frame));
        break;
      case 3:
        changed.splice(at, 1, ...(changed.length > 1 ? [] : [frame]));
        break;
      case 4:
        changed.splice(random(changed.length), 0, frame);
        break;
      default:
        changed[at] = Buffer.concat([frame, Buffer.from(Array.from({ length: random(20) }, () => random(256)))]);
    }
  }
  return Buffer.concat(changed);
}

describe('a hostile agent', () => {
  it('can neither hang nor crash its client, whatever bytes it sends', async () => {
    const surprises: unknown[] = [];
    const surprised = (reason: unknown): void => void surprises.push(reason);
    process.on('unhandledRejection', surprised).on('uncaughtException', surprised);
    const endings = new Map<string, number>();
    for (let seed = 1; seed <= 400; seed++) {
      const random = generator(seed);
      const [near, far] = await socketPair();
      const peer = new Peer(far);
      peer.hello(['wall=agent', 'stats=agent', 'warm=agent', 'keep=agent']);
      const connection = await AgentConnection.open(near, { graceMs: 50 });
      const program = { kind: 'start', argv: ['/bin/true'], env: {}, startVariables: [] } as const;
      const stages = specOf().stages.map((stage) => ({ ...stage, warm: program, keep: 'a' }));
      const spec = specOf({ stages, limits: { ...specOf().limits, wallMs: 1 } });
      connection.warm({ program, limits: spec.limits, count: 1 });
      const stdin = (async function* () {
        yield Buffer.from('input');
      })();
      const runs = [0, 1].map(() => collect(connection.run(spec, { signal: new AbortController().signal, stdin })));
      const ping = connection.ping(60).catch((error: unknown) => error);
      const stats = connection.stats(60).catch((error: unknown) => error);
      await peer.received(frameType.start, 2);
      const bytes = mutate([...honest(1), ...honest(2)], random);
      for (let at = 0; at < bytes.length;) {
        const size = 1 + random(60);
        far.write(bytes.subarray(at, at + size));
        at += size;
      }
      if (random(2) === 0) far.end();
      for (const result of await Promise.allSettled(runs)) {
        const ending = result.status === 'fulfilled' ? result.value.outcome.verdict : String(result.reason.code);
        endings.set(ending, (endings.get(ending) ?? 0) + 1);
      }
      await Promise.all([ping, stats]);
      await connection.shutdown(0);
      if (!far.closed) {
        far.destroy();
        await once(far, 'close');
      }
    }
    process.off('unhandledRejection', surprised).off('uncaughtException', surprised);
    assert.deepEqual(surprises, []);
    assert.ok((endings.get('ok') ?? 0) > 0 && (endings.get('lost') ?? 0) > 100, JSON.stringify([...endings]));
    assert.ok(!endings.has('undefined') && !endings.has('internal'), JSON.stringify([...endings]));
  });
});
