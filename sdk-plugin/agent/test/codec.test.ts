import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeFields, encodeFields, readUnsigned, u64 } from '../src/fields.ts';
import { FrameReader, type Frame } from '../src/frame-reader.ts';
import { decodeMessage } from '../src/message.ts';
import { frameType, maximumPayload, signalName } from '../src/protocol.ts';
import { describeRun, encodeFrame } from '../src/request.ts';
import { specOf, stageEndPayload } from './support/peer.ts';

const broken = { code: 'agent_protocol' };

function frames(reader: FrameReader, bytes: Buffer): Frame[] {
  return [...reader.push(bytes)].map((frame) => ({ ...frame, payload: Buffer.from(frame.payload) }));
}

describe('FrameReader', () => {
  const sent = [
    encodeFrame(1, 7, Buffer.from('abc')),
    encodeFrame(2, 0xffff_ffff),
    encodeFrame(3, 0, Buffer.alloc(maximumPayload, 5)),
    encodeFrame(4, 1, Buffer.from('z')),
  ];
  const whole = Buffer.concat(sent);

  for (const size of [1, 3, 8, 9, 10, 4096, 65_536, whole.length])
    it(`finds the same frames in pieces of ${size} bytes`, () => {
      const reader = new FrameReader();
      const found: Frame[] = [];
      for (let at = 0; at < whole.length; at += size) found.push(...frames(reader, whole.subarray(at, at + size)));
      assert.deepEqual(
        found.map(({ type, run, payload }) => [type, run, payload.length]),
        [
          [1, 7, 3],
          [2, 0xffff_ffff, 0],
          [3, 0, maximumPayload],
          [4, 1, 1],
        ],
      );
      assert.equal(found[0]?.payload.toString(), 'abc');
      assert.ok(found[2]?.payload.every((byte) => byte === 5));
    });

  for (const length of [0, 4, maximumPayload + 6, 0xffff_ffff])
    it(`refuses a length of ${length} whether it comes whole or in bytes`, () => {
      const bytes = Buffer.alloc(9);
      bytes.writeUInt32LE(length);
      assert.throws(() => frames(new FrameReader(), bytes), broken);
      const reader = new FrameReader();
      assert.throws(() => [...bytes].forEach((byte) => frames(reader, Buffer.of(byte))), broken);
    });
});

describe('fields', () => {
  it('come back as they went', () => {
    const encoded = encodeFields([
      [1, Buffer.from('x')],
      [9, Buffer.alloc(0)],
    ]);
    assert.deepEqual(
      [...decodeFields(encoded)],
      [
        { tag: 1, value: Buffer.from('x') },
        { tag: 9, value: Buffer.alloc(0) },
      ],
    );
  });

  it('are refused when cut or longer than their frame', () => {
    const encoded = encodeFields([[1, Buffer.from('xyz')]]);
    for (const length of [1, 4, 5, 7]) assert.throws(() => [...decodeFields(encoded.subarray(0, length))], broken);
  });

  it('refuse numbers that JavaScript cannot hold exactly', () => {
    assert.equal(readUnsigned(u64(Number.MAX_SAFE_INTEGER), 8, 'n'), Number.MAX_SAFE_INTEGER);
    assert.throws(() => readUnsigned(Buffer.alloc(8, 0xff), 8, 'n'), broken);
    assert.throws(() => readUnsigned(Buffer.alloc(3), 4, 'n'), broken);
  });
});

describe('decodeMessage', () => {
  const decode = (type: number, payload: Uint8Array) => decodeMessage({ type, run: 1, payload: Buffer.from(payload) });
  const fact = (text: string) =>
    encodeFields([
      [1, Uint8Array.of(1, 0)],
      [2, Buffer.from(text)],
    ]);

  it('reads a stage end in milliseconds and bytes', () => {
    assert.deepEqual(
      decode(frameType.stageEnd, stageEndPayload({ verdict: 3, exitCode: null, signal: 9, limit: 1, memory: 5 })),
      {
        type: 'stage-end',
        index: 0,
        start: 'cold',
        verdict: 'timeout',
        exitCode: null,
        signal: 9,
        limit: 'wallMs',
        wallMs: 12.345,
        cpuMs: 2,
        peakMemoryBytes: 5,
      },
    );
  });

  it('reads what is used, and what the agent does not know', () => {
    const used = {
      cpuMs: 1.5,
      memoryBytes: null,
      peakMemoryBytes: 7,
      processes: null,
      readBytes: 0,
      writtenBytes: null,
    };
    const fields: [number, Uint8Array][] = [1, 2, 4, 6].map((tag, at) => [tag, u64([5, 1500, 7, 0][at]!)]);
    assert.deepEqual(decode(frameType.usage, encodeFields(fields)), { type: 'usage', number: 5, used });
  });

  it('reads that a program which waited was used', () => {
    const payload = Buffer.concat([stageEndPayload({}), encodeFields([[9, Uint8Array.of(1)]])]);
    const end = decode(frameType.stageEnd, payload);
    assert.equal(end.type === 'stage-end' && end.start, 'warm');
  });

  const bad: [string, number, Uint8Array][] = [
    [
      'an unknown start',
      frameType.stageEnd,
      Buffer.concat([stageEndPayload({}), encodeFields([[9, Uint8Array.of(2)]])]),
    ],
    ['an unknown type', 0x8b, Buffer.alloc(0)],
    ["the client's own type", frameType.open, Buffer.alloc(0)],
    ['a stage start of two bytes', frameType.stageStart, Buffer.alloc(2)],
    ['an output without bytes', frameType.output, Uint8Array.of(1)],
    ['an empty output', frameType.output, Buffer.alloc(0)],
    ['an unknown stream', frameType.output, Uint8Array.of(3, 1)],
    ['a short pong', frameType.pong, Buffer.alloc(7)],
    ['a usage without the number of its request', frameType.usage, encodeFields([[2, u64(1)]])],
    [
      'a usage with an unknown field',
      frameType.usage,
      encodeFields([
        [1, u64(1)],
        [8, u64(1)],
      ]),
    ],
    [
      'a usage with a field twice',
      frameType.usage,
      encodeFields([
        [1, u64(1)],
        [3, u64(1)],
        [3, u64(1)],
      ]),
    ],
    [
      'a usage with a narrow number',
      frameType.usage,
      encodeFields([
        [1, u64(1)],
        [3, Buffer.alloc(4)],
      ]),
    ],
    [
      'a usage beyond what numbers hold',
      frameType.usage,
      encodeFields([
        [1, u64(1)],
        [3, Buffer.alloc(8, 255)],
      ]),
    ],
    ['a hello without version', frameType.hello, Buffer.alloc(0)],
    ['a hello with an unknown field', frameType.hello, encodeFields([[3, Buffer.alloc(1)]])],
    ['a hello with two versions', frameType.hello, Buffer.concat([fact('a=b'), fact('a=b')])],
    ['a fact without name', frameType.hello, fact('=x')],
    ['a fact without value', frameType.hello, fact('name')],
    ['a fact with control characters', frameType.hello, fact('name=\u001b[31m')],
    ['a fact that is too long', frameType.hello, fact(`name=${'x'.repeat(200)}`)],
    [
      'too many facts',
      frameType.end,
      encodeFields([[1, Uint8Array.of(0)], ...Array.from({ length: 65 }, () => [2, Buffer.from('a=b')] as const)]),
    ],
    ['unknown truncation bits', frameType.end, encodeFields([[1, Uint8Array.of(4)]])],
    ['an unknown refusal', frameType.refused, encodeFields([[1, Buffer.from('nope')]])],
    ['an unknown verdict', frameType.stageEnd, stageEndPayload({ verdict: 8 })],
    ['an unknown limit', frameType.stageEnd, stageEndPayload({ limit: 7 })],
    ['ok with another exit code', frameType.stageEnd, stageEndPayload({ exitCode: 1 })],
    ['ok with a limit', frameType.stageEnd, stageEndPayload({ limit: 1 })],
    ['exit with code 0', frameType.stageEnd, stageEndPayload({ verdict: 1 })],
    ['an exit code out of range', frameType.stageEnd, stageEndPayload({ verdict: 1, exitCode: 256 })],
    ['exit code and signal', frameType.stageEnd, stageEndPayload({ verdict: 2, signal: 9 })],
    ['a signal without number', frameType.stageEnd, stageEndPayload({ verdict: 2, exitCode: null })],
    ['signal 0', frameType.stageEnd, stageEndPayload({ verdict: 2, exitCode: null, signal: 0 })],
    ['signal 65', frameType.stageEnd, stageEndPayload({ verdict: 2, exitCode: null, signal: 65 })],
    ['a timeout without limit', frameType.stageEnd, stageEndPayload({ verdict: 3 })],
    ['a timeout by memory', frameType.stageEnd, stageEndPayload({ verdict: 3, limit: 3 })],
  ];
  for (const [name, type, payload] of bad)
    it(`refuses ${name}`, () => {
      assert.throws(() => decode(type, payload), broken);
    });

  it('makes the message of a refusal printable and short', () => {
    const payload = encodeFields([
      [1, Buffer.from('setup')],
      [2, Buffer.from(`a\n\u001b[31m${'x'.repeat(1000)}`)],
    ]);
    const message = decode(frameType.refused, payload);
    assert.ok(message.type === 'refused' && /^a\?\?\[31mx+$/.test(message.message) && message.message.length === 200);
  });
});

describe('describeRun', () => {
  const stage = { name: 'run', argv: ['/bin/true'], env: {}, stdin: false };

  it('cuts large files into pieces and keeps the order', () => {
    const content = Buffer.alloc(700_000, 1);
    const sent = Buffer.concat([...describeRun(3, specOf({ files: [{ path: 'a', content }] }), 10)]);
    const found = frames(new FrameReader(), sent);
    assert.deepEqual(
      found.map(({ type }) => type),
      [frameType.open, frameType.file, frameType.append, frameType.append, frameType.stage, frameType.start],
    );
  });

  const limits = specOf().limits;
  const bad: [string, Parameters<typeof specOf>[0], string][] = [
    ['no stage', { stages: [] }, 'invalid_params'],
    ['256 stages', { stages: Array.from({ length: 256 }, () => stage) }, 'invalid_params'],
    ['a relative program', { stages: [{ ...stage, argv: ['true'] }] }, 'invalid_params'],
    ['no program', { stages: [{ ...stage, argv: [] }] }, 'invalid_params'],
    ['NUL in an argument', { stages: [{ ...stage, argv: ['/bin/a', 'b\0c'] }] }, 'invalid_params'],
    ['NUL in the environment', { stages: [{ ...stage, env: { A: '\0' } }] }, 'invalid_params'],
    ['a variable without name', { stages: [{ ...stage, env: { '': 'x' } }] }, 'invalid_params'],
    ['a variable name with =', { stages: [{ ...stage, env: { 'A=B': 'x' } }] }, 'invalid_params'],
    ['an empty path', { files: [{ path: '', content: Buffer.alloc(0) }] }, 'invalid_params'],
    ...['/a', 'a/../b', '.', 'a//b', 'x'.repeat(5000)].map((keep): [string, Parameters<typeof specOf>[0], string] => [
      `to keep ${keep.slice(0, 10)}`,
      { stages: [{ ...stage, keep }] },
      'invalid_params',
    ]),
    ['arguments beyond a frame', { stages: [{ ...stage, argv: ['/a', 'x'.repeat(2e6)] }] }, 'payload_too_large'],
    ['a negative limit', { limits: { ...limits, wallMs: -1 } }, 'limit_out_of_range'],
    ['a limit that is no number', { limits: { ...limits, cpuMs: NaN } }, 'limit_out_of_range'],
    ['a limit beyond 2^53', { limits: { ...limits, diskBytes: 2 ** 60 } }, 'limit_out_of_range'],
  ];
  for (const [name, over, code] of bad)
    it(`refuses ${name}`, () => {
      assert.throws(() => describeRun(1, specOf(over), 10), { code });
    });
});

describe('signalName', () => {
  it('knows the names of Linux, and numbers the rest', () => {
    assert.deepEqual([1, 9, 15, 31, 34].map(signalName), ['SIGHUP', 'SIGKILL', 'SIGTERM', 'SIGSYS', 'SIG34']);
  });
});
