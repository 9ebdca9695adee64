import type { BoxFile, RunSpec, Stage } from '../../src/contracts/sandbox.ts';
import { SoulboxError } from '../../src/errors.ts';
import { encodeFields, u32, u64 } from './fields.ts';
import { frameOverhead, frameType, maximumPayload } from './protocol.ts';

const maximumStages = 255;
/** Small enough that other runs' frames come between the pieces of a large file. */
const pieceBytes = 256 * 1024;

/** @throws payload_too_large if the payload does not fit into one frame. */
export function encodeFrame(type: number, run: number, payload: Uint8Array = new Uint8Array()): Buffer {
  if (payload.length > maximumPayload)
    throw new SoulboxError('payload_too_large', 'arguments, environment or a path are too long for the sandbox', {
      details: { maximumBytes: maximumPayload },
    });
  const frame = Buffer.allocUnsafe(4 + frameOverhead + payload.length);
  frame.writeUInt32LE(frameOverhead + payload.length, 0);
  frame.writeUInt8(type, 4);
  frame.writeUInt32LE(run, 5);
  frame.set(payload, 4 + frameOverhead);
  return frame;
}

/**
 * The frames that describe a run, from OPEN to START, made as they are asked for, except that all which can be wrong
 * with the description is thrown by this call itself.
 * @throws invalid_params, limit_out_of_range or payload_too_large.
 */
export function describeRun(run: number, spec: RunSpec, credit: number): Iterable<Buffer> {
  if (spec.stages.length === 0 || spec.stages.length > maximumStages)
    throw new SoulboxError('invalid_params', `a run has from 1 to ${maximumStages} stages`);
  const open = encodeFrame(frameType.open, run, openPayload(spec, credit));
  const stages = spec.stages.map((stage) => encodeFrame(frameType.stage, run, stagePayload(stage)));
  const fileStarts = spec.files.map((file) => encodeFrame(frameType.file, run, filePayload(file)));
  return (function* () {
    yield open;
    for (const [index, file] of spec.files.entries()) {
      yield fileStarts[index]!;
      for (let at = pieceBytes; at < file.content.length; at += pieceBytes)
        yield encodeFrame(frameType.append, run, file.content.subarray(at, at + pieceBytes));
    }
    yield* stages;
    yield encodeFrame(frameType.start, run);
  })();
}

function openPayload({ limits }: RunSpec, credit: number): Buffer {
  for (const [name, value] of Object.entries(limits))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new SoulboxError('limit_out_of_range', `limits.${name} is not a positive integer`, { details: { name } });
  return encodeFields([
    [1, u64(limits.wallMs)],
    [2, u64(limits.cpuMs)],
    [3, u64(limits.memoryBytes)],
    [4, u64(limits.outputBytes)],
    [5, u32(Math.min(limits.processes, 0xffff_ffff))],
    [6, u64(limits.diskBytes)],
    [7, u32(credit)],
  ]);
}

function filePayload({ path, executable, content }: BoxFile): Buffer {
  return encodeFields([
    [1, text(path, 'a file path')],
    [2, Uint8Array.of(executable ? 1 : 0)],
    [3, content.subarray(0, pieceBytes)],
  ]);
}

function stagePayload({ name, argv, env, stdin }: Stage): Buffer {
  if (!argv[0]?.startsWith('/'))
    throw new SoulboxError('invalid_params', `stage ${name}: the program is not an absolute path`);
  const entries = Object.entries(env);
  const unnamed = entries.find(([key]) => key === '' || key.includes('='));
  if (unnamed) throw new SoulboxError('invalid_params', `"${unnamed[0]}" cannot name an environment variable`);
  return encodeFields([
    [1, text(name, 'a stage name')],
    [2, Uint8Array.of(stdin ? 1 : 0)],
    ...argv.map((argument) => [3, text(argument, 'an argument', true)] as const),
    ...entries.map(([key, value]) => [4, text(`${key}=${value}`, 'an environment variable')] as const),
  ]);
}

function text(value: string, what: string, mayBeEmpty = false): Buffer {
  if (value.includes('\0')) throw new SoulboxError('invalid_params', `${what} contains a NUL character`);
  if (value === '' && !mayBeEmpty) throw new SoulboxError('invalid_params', `${what} is empty`);
  return Buffer.from(value);
}
