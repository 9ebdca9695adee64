import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunSpec, Stage, WarmProgram } from '../../src/contracts/sandbox.ts';
import { decodeFields } from '../src/fields.ts';
import { FrameReader } from '../src/frame-reader.ts';
import { frameType } from '../src/protocol.ts';
import { describeRun } from '../src/request.ts';
import { WarmSets } from '../src/warm-sets.ts';
import { specOf } from './support/peer.ts';

const { limits } = specOf();
const program: WarmProgram = {
  kind: 'start',
  argv: ['/bin/waits', '-x'],
  env: { LANG: 'C', OTHER: '1' },
  startVariables: ['LANG', 'LC_'],
};
const stage: Stage = { name: 'run', argv: ['/bin/program'], env: { LANG: 'C' }, stdin: false, warm: program };
const spec = (over: Partial<Stage> = {}, of: Partial<RunSpec['limits']> = {}): RunSpec =>
  specOf({ stages: [{ ...stage, ...over }], limits: { ...limits, ...of } });

/** The fields of a frame, by tag, as text or as a number. */
function fieldsOf(bytes: Buffer | undefined): [number, string | number][] {
  assert.ok(bytes);
  const [frame] = [...new FrameReader().push(bytes)];
  assert.deepEqual([frame?.type, frame?.run], [frameType.warm, 0]);
  return [...decodeFields(frame!.payload)].map(({ tag, value }) => {
    if (tag === 3 || tag === 4) return [tag, value.toString()];
    if (tag === 10) return [tag, value.toString('latin1')];
    return [tag, value.readUIntLE(0, Math.min(6, value.length))];
  });
}

describe('WarmSets', () => {
  it('tells the agent what waits, with which limits and how many', () => {
    const sets = new WarmSets();
    assert.deepEqual(fieldsOf(sets.order({ program, limits, count: 3 })), [
      [1, 1],
      [2, 1],
      [3, '/bin/waits'],
      [3, '-x'],
      [4, 'LANG=C'],
      [4, 'OTHER=1'],
      [5, 3],
      [6, limits.cpuMs],
      [7, limits.memoryBytes],
      [8, limits.processes],
      [9, limits.diskBytes],
    ]);
    const file = { path: 'a', content: Buffer.from('text') };
    const forked = fieldsOf(sets.order({ program: { ...program, kind: 'fork', file }, limits, count: 1 }));
    assert.deepEqual(forked[0], [1, 2], 'another set');
    assert.deepEqual(forked[1], [2, 2], 'of the other kind');
    assert.match(String(forked.at(-1)?.[1]), /text$/);
  });

  it('gives a program and its limits one number, whatever object says so', () => {
    const sets = new WarmSets();
    const numberOf = (bytes: Buffer | undefined): unknown => fieldsOf(bytes)[0]?.[1];
    assert.equal(numberOf(sets.order({ program, limits, count: 1 })), 1);
    assert.equal(numberOf(sets.order({ program: { ...program }, limits: { ...limits }, count: 2 })), 1);
    // Of time and output the box knows nothing.
    assert.equal(numberOf(sets.order({ program, limits: { ...limits, wallMs: 1, outputBytes: 1 }, count: 2 })), 1);
    for (const other of ['cpuMs', 'memoryBytes', 'processes', 'diskBytes'] as const)
      assert.notEqual(numberOf(sets.order({ program, limits: { ...limits, [other]: 77_777 }, count: 1 })), 1);
  });

  it('says nothing of what the agent does not have, and uses no number again', () => {
    const sets = new WarmSets();
    assert.equal(sets.order({ program, limits, count: 0 }), undefined);
    sets.order({ program, limits, count: 1 });
    assert.equal(fieldsOf(sets.order({ program, limits, count: 0 }))[0]?.[1], 1);
    assert.equal(sets.order({ program, limits, count: 0 }), undefined);
    assert.equal(sets.match(spec()), undefined);
    assert.equal(fieldsOf(sets.order({ program, limits, count: 1 }))[0]?.[1], 2);
    assert.equal(sets.match(spec()), 2);
  });

  it('has no more sets than an agent', () => {
    const sets = new WarmSets();
    const nth = (n: number): WarmProgram => ({ ...program, argv: ['/bin/waits', String(n)] });
    for (let n = 1; n <= 64; n++) assert.ok(sets.order({ program: nth(n), limits, count: 1 }));
    assert.equal(sets.order({ program: nth(65), limits, count: 1 }), undefined);
    assert.ok(sets.order({ program: nth(3), limits, count: 2 }), 'those that there are go on');
    assert.ok(sets.order({ program: nth(3), limits, count: 0 }));
    assert.ok(sets.order({ program: nth(65), limits, count: 1 }));
  });

  it('keeps nothing of a demand that cannot be said', () => {
    const sets = new WarmSets();
    const bad: [Partial<WarmProgram>, Partial<typeof limits>, string][] = [
      [{ argv: ['relative'] }, {}, 'invalid_params'],
      [{ env: { 'A=B': '' } }, {}, 'invalid_params'],
      [{ argv: ['/x', 'x'.repeat(2e6)] }, {}, 'payload_too_large'],
      [{}, { cpuMs: 0 }, 'limit_out_of_range'],
    ];
    for (const [over, of, code] of bad)
      assert.throws(() => sets.order({ program: { ...program, ...over }, limits: { ...limits, ...of }, count: 1 }), {
        code,
      });
    assert.equal(sets.match(spec()), undefined);
  });

  it('finds what may take a stage: its own program, with its limits and what it reads when it starts', () => {
    const sets = new WarmSets();
    assert.equal(sets.match(spec()), undefined);
    sets.order({ program, limits, count: 1 });
    const { warm: _, ...plain } = stage;
    assert.equal(sets.match(spec()), 1);
    assert.equal(sets.match(spec({ env: { LANG: 'C', ANY: 'thing', OTHER: '2' } })), 1);
    assert.equal(sets.match(spec({}, { wallMs: 5, outputBytes: 5 })), 1);
    for (const cold of [
      specOf({ stages: [] }),
      specOf({ stages: [plain] }),
      specOf({ stages: [plain, stage] }),
      spec({ env: { LANG: 'de' } }),
      spec({ env: {} }),
      spec({ env: { LANG: 'C', LC_ALL: 'C' } }),
      spec({ warm: { ...program, argv: ['/bin/other'] } }),
      spec({}, { memoryBytes: 5 }),
    ])
      assert.equal(sets.match(cold), undefined);
  });
});

describe('describeRun with something that waits', () => {
  it('names it, and lets it take the first stage only', () => {
    const two = specOf({ stages: [stage, stage] });
    const flags = (set?: number): unknown[] =>
      [...new FrameReader().push(Buffer.concat([...describeRun(1, two, 10, set)]))].flatMap(({ type, payload }) => {
        const fields = [...decodeFields(Buffer.from(payload))];
        if (type === frameType.open) return [fields.find(({ tag }) => tag === 8)?.value.readUInt32LE()];
        return type === frameType.stage ? [fields.find(({ tag }) => tag === 2)?.value[0]] : [];
      });
    assert.deepEqual(flags(5), [5, 2, 0]);
    assert.deepEqual(flags(), [undefined, 0, 0]);
  });
});
