import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { encodeFields, u32, u64 } from '../src/fields.ts';
import { frameType } from '../src/protocol.ts';
import { encodeFrame } from '../src/request.ts';
import { Programs, strongestMode } from './support/program.ts';
import { file, open, RealAgent, stage } from './support/real-agent.ts';

const text = (value: string): Buffer => Buffer.from(value);
const bits = (value: number): Buffer => Buffer.from([value]);
const start = encodeFrame(frameType.start, 1);
const described = [open(1), stage(1, { argv: ['/nowhere'] })];
const fields = (type: number, ...list: [number, Uint8Array][]): Buffer => encodeFrame(type, 1, encodeFields(list));
const withLength = (length: number): Buffer => Buffer.concat([u32(length), Buffer.alloc(64)]);
/** WARM with one of its fields left out, doubled or changed. */
const warmWith = (change: (list: [number, Uint8Array][]) => [number, Uint8Array][], run = 0): Buffer =>
  encodeFrame(
    frameType.warm,
    run,
    encodeFields(
      change([
        [1, u32(1)],
        [2, bits(1)],
        [3, text('/x')],
        [5, u32(1)],
        [6, u64(1000)],
        [7, u64(1e8)],
        [8, u32(10)],
        [9, u64(1e6)],
      ]),
    ),
  );
const ownFile = encodeFields([
  [1, text('x')],
  [2, bits(0)],
  [3, text('')],
]);
const warmBut = (tag: number, ...values: Uint8Array[]): Buffer =>
  warmWith((list) => [
    ...list.filter(([present]) => present !== tag),
    ...values.map((value): [number, Uint8Array] => [tag, value]),
  ]);
/** OPEN with one of its fields left out, doubled or changed. */
const openWith = (change: (list: [number, Uint8Array][]) => [number, Uint8Array][]): Buffer =>
  fields(
    frameType.open,
    ...change([
      [1, u64(1000)],
      [2, u64(1000)],
      [3, u64(1e8)],
      [4, u64(1000)],
      [5, u32(10)],
      [6, u64(1e6)],
      [7, u32(1000)],
    ]),
  );

const violations: readonly [what: string, frames: readonly Uint8Array[]][] = [
  ['a frame of no length', [withLength(0)]],
  ['a frame too short for its type and run', [withLength(4)]],
  ['a frame longer than any may be', [withLength(1_048_576 + 6)]],
  ['a frame of almost four gigabytes', [withLength(0xffff_ffff)]],
  ['a type that nobody sends', [encodeFrame(0x42, 1)]],
  ['a type that only the agent sends', [encodeFrame(frameType.output, 1, bits(1))]],
  ['the order by which the agent starts a stage in a box', [...described, encodeFrame(0x70, 1, bits(0))]],
  ['OPEN for the connection itself', [encodeFrame(frameType.open, 0)]],
  ['OPEN for a run twice', [open(1), open(1)]],
  ['OPEN for a lower run', [open(5), open(4)]],
  ['OPEN without fields', [fields(frameType.open)]],
  ['OPEN without one field', [openWith((list) => list.slice(0, 6))]],
  ['OPEN with a field twice', [openWith((list) => [...list, ...list.slice(0, 1)])]],
  ['OPEN with an unknown field', [openWith((list) => [...list, [9, u32(1)]])]],
  ['OPEN with a wide set', [openWith((list) => [...list, [8, u64(1)]])]],
  ['OPEN with a field of another width', [openWith(([, ...rest]) => [[1, u32(1)], ...rest])]],
  ['OPEN with a cut field', [encodeFrame(frameType.open, 1, Buffer.from([1, 8, 0]))]],
  [
    'OPEN with a field longer than the frame',
    [encodeFrame(frameType.open, 1, Buffer.from([1, 255, 255, 255, 255, 0]))],
  ],
  ['a frame for a run that was never opened', [encodeFrame(frameType.kill, 9)]],
  ['FILE without a path', [open(1), fields(frameType.file, [2, bits(0)], [3, text('x')])]],
  ['FILE without content', [open(1), fields(frameType.file, [1, text('x')], [2, bits(0)])]],
  ['FILE with a NUL in its path', [open(1), fields(frameType.file, [1, text('a\0b')], [2, bits(0)], [3, text('')])]],
  ['FILE with an unknown mode', [open(1), fields(frameType.file, [1, text('a')], [2, bits(2)], [3, text('')])]],
  ['FILE with a wide mode', [open(1), fields(frameType.file, [1, text('a')], [2, u32(1)], [3, text('')])]],
  ['FILE with an unknown field', [open(1), fields(frameType.file, [1, text('a')], [4, text('')])]],
  ['FILE after START', [...described, start, ...file(1, 'a', text('x'))]],
  ['APPEND without FILE', [open(1), encodeFrame(frameType.append, 1, text('x'))]],
  ['STAGE without a name', [open(1), fields(frameType.stage, [2, bits(0)], [3, text('/x')])]],
  ['STAGE without flags', [open(1), fields(frameType.stage, [1, text('x')], [3, text('/x')])]],
  ['STAGE with unknown flags', [open(1), fields(frameType.stage, [1, text('x')], [2, bits(4)], [3, text('/x')])]],
  ['STAGE with a NUL', [open(1), fields(frameType.stage, [1, text('x')], [2, bits(0)], [3, text('/x\0y')])]],
  ['STAGE with an unknown field', [open(1), fields(frameType.stage, [1, text('x')], [2, bits(0)], [5, text('')])]],
  ...['../x', '/x', 'a/./b', 'x\0'].map((path): [string, Buffer[]] => [
    `STAGE that keeps ${JSON.stringify(path)}`,
    [open(1), fields(frameType.stage, [1, text('x')], [2, bits(0)], [3, text('/x')], [5, text(path)])],
  ]),
  ['STAGE after START', [...described, start, stage(1, { argv: ['/x'] })]],
  ['START with a payload', [...described, encodeFrame(frameType.start, 1, bits(1))]],
  ['START twice', [...described, start, start]],
  ['STDIN before START', [...described, encodeFrame(frameType.stdin, 1, text('x'))]],
  ['STDIN_EOF before START', [...described, encodeFrame(frameType.stdinEof, 1)]],
  ['STDIN beyond what was granted', [...described, start, encodeFrame(frameType.stdin, 1, Buffer.alloc(70_000))]],
  ['CREDIT of another width', [open(1), encodeFrame(frameType.credit, 1, u64(1))]],
  ['KILL with a payload', [open(1), encodeFrame(frameType.kill, 1, bits(1))]],
  ['PING for a run', [open(1), encodeFrame(frameType.ping, 1, u64(1))]],
  ['PING of another width', [encodeFrame(frameType.ping, 0, u32(1))]],
  ['STATS for a run', [open(1), encodeFrame(frameType.stats, 1, u64(1))]],
  ['STATS of another width', [encodeFrame(frameType.stats, 0, u32(1))]],
  ['WARM for a run', [warmWith((list) => list, 1)]],
  ['WARM without fields', [warmWith(() => [])]],
  ...[1, 2, 3, 5, 6, 7, 8, 9].map((tag): [string, Uint8Array[]] => [`WARM without its field ${tag}`, [warmBut(tag)]]),
  ['WARM with a field twice', [warmBut(5, u32(1), u32(1))]],
  ['WARM with a field of another width', [warmBut(5, u64(1))]],
  ['WARM with an unknown field', [warmBut(11, u32(1))]],
  ['WARM for no set', [warmBut(1, u32(0))]],
  ['WARM of an unknown kind', [warmBut(2, bits(3))]],
  ['WARM with a relative program', [warmBut(3, text('x'))]],
  ['WARM with a NUL in an argument', [warmBut(3, text('/x\0'))]],
  ['WARM with a variable without a name', [warmBut(4, text('=x'))]],
  ['WARM with a NUL in a variable', [warmBut(4, text('A=\0'))]],
  ['WARM with a limit that no box can have', [warmBut(7, u64(1))]],
  ['WARM with a file without a path', [warmBut(10, encodeFields([[3, text('x')]]))]],
  ['WARM with two files', [warmBut(10, ...Array.from({ length: 2 }, () => ownFile))]],
  ['SHUTDOWN for a run', [open(1), encodeFrame(frameType.shutdown, 1)]],
  ['SHUTDOWN with a payload', [encodeFrame(frameType.shutdown, 0, bits(1))]],
];

describe('a client that breaks the protocol', () => {
  let programs: Programs;
  before(() => {
    programs = new Programs();
  });
  after(() => programs.remove());

  for (const [what, frames] of violations)
    it(`by ${what} is left, and its runs end`, async () => {
      const agent = new RealAgent(programs.agent, strongestMode);
      await agent.hello();
      const processes = agent.processes();
      agent.send(...frames);
      while (await agent.next()) continue;
      assert.equal((await agent.ended()).code, 76);
      assert.deepEqual(await agent.gone(processes), []);
    });

  it('does not break it by what crosses the end of a run', async () => {
    const agent = new RealAgent(programs.agent, strongestMode);
    await agent.hello();
    agent.send(open(1), stage(1, { argv: ['relative'] }));
    assert.equal((await agent.next())?.type, 'refused');
    agent.send(
      ...file(1, 'late', text('x')),
      stage(1, { argv: ['/x'] }),
      start,
      encodeFrame(frameType.stdin, 1, text('x')),
      encodeFrame(frameType.stdinEof, 1),
      encodeFrame(frameType.credit, 1, u32(5)),
      encodeFrame(frameType.kill, 1),
      encodeFrame(frameType.ping, 0, u64(5)),
    );
    const answer = await agent.next();
    assert.equal(answer?.type === 'pong' && answer.number, 5);
    assert.deepEqual(await agent.close(), { code: 0, left: [] });
  });

  it('may cut frames anywhere', async () => {
    const agent = new RealAgent(programs.agent, strongestMode);
    await agent.hello();
    const bytes = Buffer.concat([...described, start]);
    for (const byte of bytes) {
      agent.channel.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    let last;
    do last = await agent.next();
    while (last?.type !== 'end');
    assert.deepEqual(await agent.close(), { code: 0, left: [] });
  });
});
