import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { u32, u64 } from '../src/fields.ts';
import { frameType } from '../src/protocol.ts';
import { encodeFrame } from '../src/request.ts';
import { ordinaryMode, Programs, strongestMode } from './support/program.ts';
import { file, open, RealAgent, stage, warm } from './support/real-agent.ts';

const budgetMs = 15_000;
const mostSequences = 3000;
const atATime = 4;

/** A linear congruential generator: the same seed gives the same mutations. */
function generator(seed: number): (below: number) => number {
  let state = BigInt(seed) * 2n + 1n;
  return (below) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    return Number((state >> 33n) % BigInt(below));
  };
}

/** `agent` is a program that every box has, or none has. */
function honest(random: (below: number) => number, agent: string): Buffer[] {
  const kind = random(2) === 0 ? 'start' : 'fork';
  const waiting = { set: 1, kind, argv: [random(2) ? agent : '/nowhere'], env: ['A=b'] } as const;
  const frames = [
    warm({ ...waiting, count: 1 + random(40), file: ['note', Buffer.from('x')] }),
    open(1, { credit: random(5000), output: random(5000), wallMs: 1 + random(50) }, 1),
    ...file(1, 'folder/file', Buffer.alloc(random(3000), 'x')),
    encodeFrame(frameType.append, 1, Buffer.from('more')),
    stage(1, { argv: ['/nowhere', 'argument'], env: ['NAME=value'], stdin: true }, true),
    stage(1, { argv: ['/bin/true'], keep: 'folder/file' }),
    encodeFrame(frameType.ping, 0, u64(random(100))),
    encodeFrame(frameType.stats, 0, u64(random(100))),
    encodeFrame(frameType.start, 1),
    encodeFrame(frameType.stats, 0, u64(random(100))),
    encodeFrame(frameType.credit, 1, u32(random(100))),
    encodeFrame(frameType.kill, 1),
    warm({ ...waiting, count: random(2) }),
    open(2, {}, random(3)),
  ];
  return random(2) ? frames : frames.slice(random(3));
}

function mutate(frames: Buffer[], random: (below: number) => number): Buffer {
  const changed = frames.map((frame) => Buffer.from(frame));
  for (let count = random(4); count > 0; count--) {
    const at = random(changed.length);
    const frame = changed[at]!;
    switch (random(6)) {
      case 0:
        frame[random(frame.length)] = random(256);
        break;
      case 1:
        // One that was cut already may be too short.
        if (frame.length >= 4) frame.writeUInt32LE(random(2) ? random(64) : random(2 ** 31), random(frame.length - 3));
        break;
      case 2:
        changed[at] = frame.subarray(0, 1 + random(frame.length));
        break;
      case 3:
        changed.splice(at, 0, Buffer.from(frame));
        break;
      case 4:
        if (changed.length > 1) changed.splice(at, 1);
        break;
      default:
        changed.push(...changed.splice(at, 1));
    }
  }
  return Buffer.concat(changed);
}

describe('the agent with sanitizers', () => {
  let programs: Programs;
  let program: string;
  before(() => {
    programs = new Programs();
    program = programs.sanitizedAgent();
  });
  after(() => programs.remove());

  /** Sends one sequence; the exit code of the agent. */
  const attack = async (seed: number): Promise<number> => {
    const random = generator(seed);
    // Without an outer wall a launch is quicker, and every other one then tries all that comes before the walls.
    const agent =
      seed % 2 === 0 ? new RealAgent(program, strongestMode) : new RealAgent(program, ordinaryMode, [], 'serve');
    await agent.hello();
    const processes = agent.processes();
    agent.channel.write(mutate(honest(random, program), random));
    // The end of the stream finds boxes at every stage of their lives.
    await sleep(random(3) * random(20));
    agent.channel.end();
    const { code, signal, diagnosis } = await agent.ended();
    assert.ok(signal === null && (code === 0 || code === 76), `sequence ${seed}: ${code} ${signal} ${diagnosis}`);
    assert.equal(diagnosis, '', `sequence ${seed}`);
    assert.deepEqual(await agent.gone(processes), [], `sequence ${seed}`);
    return code;
  };

  it('survives whatever bytes a client sends: it leaves by itself, cleanly, with all that it started', async (t) => {
    const deadline = Date.now() + budgetMs;
    let seed = 0;
    let violations = 0;
    const attacker = async (): Promise<void> => {
      while (seed < mostSequences && Date.now() < deadline) violations += Number((await attack(++seed)) === 76);
    };
    await Promise.all(Array.from({ length: atATime }, attacker));
    t.diagnostic(`${seed} sequences, ${violations} of them against the protocol`);
    assert.ok(violations > 0 && violations < seed);
  });
});
