import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFields, u32, u64 } from '../src/fields.ts';
import { liveFrame, liveMethod } from '../src/live/frames.ts';
import { encodeFrame } from '../src/request.ts';
import { LiveBox } from './support/live-box.ts';
import { Programs } from './support/program.ts';

const budgetMs = 12_000;
const mostSequences = 1500;

/** A linear congruential generator: the same seed gives the same mutations. */
function generator(seed: number): (below: number) => number {
  let state = BigInt(seed) * 2n + 1n;
  return (below) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    return Number((state >> 33n) % BigInt(below));
  };
}

/** A sequence that is allowed, of calls with fields that often fit them. */
function honest(random: (below: number) => number): Buffer[] {
  const numbers = Object.values(liveMethod);
  const texts = ['a', 'folder/b', '/home/sandbox', '/tmp/x', '*', '[a-z]+', '/bin/sh', '../x', ''];
  const text = (): Buffer => Buffer.from(texts[random(texts.length)]!);
  const values = [text, text, () => u32(random(12)), () => u64(random(5000)), () => Uint8Array.of(random(4))];
  const frames: Buffer[] = [];
  for (let channel = 1; channel <= 12; channel++) {
    const method = numbers[random(numbers.length)]!;
    const fields = [3, 3, 4, 5, 6, 7].map((tag) => [tag, values[random(values.length)]!()] as const);
    const program = ['/bin/sh', '-c', 'echo one; cat; exit 3'].map((word) => [3, Buffer.from(word)] as const);
    const own = method === liveMethod.start ? [...program, [6, u32(random(8))] as const] : fields;
    const credit = random(3) * random(100_000);
    frames.push(
      encodeFrame(liveFrame.call, channel, encodeFields([[1, Uint8Array.of(method)], [2, u32(credit)], ...own])),
      encodeFrame(liveFrame.credit, 1 + random(channel), u32(random(5000))),
    );
    if (random(4) === 0) frames.push(encodeFrame(liveFrame.cancel, 1 + random(channel)));
  }
  return frames;
}

function mutate(frames: readonly Buffer[], random: (below: number) => number): Buffer {
  const changed = [...frames];
  for (let times = random(4); times > 0; times--) {
    const at = random(changed.length);
    const frame = Buffer.from(changed[at]!);
    if (random(3) > 0) frame[random(frame.length)] = random(256);
    else if (random(2) === 0) changed.splice(at, 1);
    changed[Math.min(at, changed.length)] = random(8) === 0 ? frame.subarray(0, random(frame.length)) : frame;
  }
  return Buffer.concat(changed);
}

describe('the live service with sanitizers', () => {
  let programs: Programs;
  let box: LiveBox;
  before(async () => {
    programs = new Programs();
    box = await LiveBox.make(programs, programs.sanitizedAgent(), 2 ** 30);
  });
  after(() => programs.remove());

  it('survives whatever bytes a host sends: the next connection is served', async (t) => {
    const deadline = Date.now() + budgetMs;
    let seed = 0;
    let closed = 0;
    while (seed < mostSequences && Date.now() < deadline) {
      const random = generator(++seed);
      const peer = await box.peer();
      assert.equal((await peer.next())?.type, liveFrame.hello, `after sequence ${seed - 1}`);
      peer.socket.write(mutate(honest(random), random));
      await sleep(random(3) * random(10));
      closed += Number(peer.socket.closed);
      peer.socket.destroy();
    }
    const { connection, live } = await box.connect();
    await connection.ping(5000);
    assert.ok((await live.processes()).length > 0);
    connection.close();
    t.diagnostic(`${seed} sequences, ${closed} of them against the protocol`);
    assert.deepEqual(await box.destroy(), []);
    assert.equal((await box.agent.ended()).diagnosis, '');
  });
});
