import type { Limits } from '../../src/contracts/execution.ts';
import type { BoxFile, RunSpec, Stage, WarmProgram } from '../../src/contracts/sandbox.ts';
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

/** A frame whose payload is one byte and so many more, up to these: they are sent behind it. */
export function encodeHead(type: number, run: number, first: number, length: number): Buffer {
  const head = Buffer.allocUnsafe(4 + frameOverhead + 1);
  head.writeUInt32LE(frameOverhead + 1 + length, 0);
  head.writeUInt8(type, 4);
  head.writeUInt32LE(run, 5);
  head.writeUInt8(first, 9);
  return head;
}

/**
 * The frames that describe a run, from OPEN to START, made as they are asked for, except that all which can be wrong
 * with the description is thrown by this call itself. `set` is the number of what may take the first stage.
 * @throws invalid_params, limit_out_of_range or payload_too_large.
 */
export function describeRun(run: number, spec: RunSpec, credit: number, set?: number): Iterable<Buffer> {
  if (spec.stages.length === 0 || spec.stages.length > maximumStages)
    throw new SoulboxError('invalid_params', `a run has from 1 to ${maximumStages} stages`);
  const open = encodeFrame(frameType.open, run, openPayload(spec, credit, set));
  const stages = spec.stages.map((stage, index) =>
    encodeFrame(frameType.stage, run, stagePayload(stage, set !== undefined && index === 0)),
  );
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

function checkLimits(limits: Limits): void {
  for (const [name, value] of Object.entries(limits))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new SoulboxError('limit_out_of_range', `limits.${name} is not a positive integer`, { details: { name } });
}

function openPayload({ limits }: RunSpec, credit: number, set: number | undefined): Buffer {
  checkLimits(limits);
  return encodeFields([
    [1, u64(limits.wallMs)],
    [2, u64(limits.cpuMs)],
    [3, u64(limits.memoryBytes)],
    [4, u64(limits.outputBytes)],
    [5, u32(Math.min(limits.processes, 0xffff_ffff))],
    [6, u64(limits.diskBytes)],
    [7, u32(credit)],
    ...(set === undefined ? [] : [[8, u32(set)] as const]),
  ]);
}

/** The payload of WARM. */
export function warmPayload(set: number, program: WarmProgram, limits: Limits, count: number): Buffer {
  checkLimits(limits);
  return encodeFields([
    [1, u32(set)],
    [2, Uint8Array.of(program.kind === 'fork' ? 2 : 1)],
    ...programFields('a program that waits', program),
    [5, u32(count)],
    [6, u64(limits.cpuMs)],
    [7, u64(limits.memoryBytes)],
    [8, u32(Math.min(limits.processes, 0xffff_ffff))],
    [9, u64(limits.diskBytes)],
    ...(program.file ? [[10, filePayload(program.file)] as const] : []),
  ]);
}

function filePayload({ path, executable, content }: BoxFile): Buffer {
  return encodeFields([
    [1, text(path, 'a file path')],
    [2, Uint8Array.of(executable ? 1 : 0)],
    [3, content.subarray(0, pieceBytes)],
  ]);
}

function stagePayload(stage: Stage, warm: boolean): Buffer {
  return encodeFields([
    [1, text(stage.name, 'a stage name')],
    [2, Uint8Array.of((stage.stdin ? 1 : 0) | (warm ? 2 : 0))],
    ...programFields(`stage ${stage.name}`, stage),
    ...(stage.keep === undefined ? [] : [[5, inside(stage.keep)] as const]),
  ]);
}

function programFields(what: string, { argv, env }: Pick<Stage, 'argv' | 'env'>): (readonly [number, Uint8Array])[] {
  if (!argv[0]?.startsWith('/'))
    throw new SoulboxError('invalid_params', `${what}: the program is not an absolute path`);
  const entries = Object.entries(env);
  const unnamed = entries.find(([key]) => key === '' || key.includes('='));
  if (unnamed) throw new SoulboxError('invalid_params', `"${unnamed[0]}" cannot name an environment variable`);
  return [
    ...argv.map((argument) => [3, text(argument, 'an argument', true)] as const),
    ...entries.map(([key, value]) => [4, text(`${key}=${value}`, 'an environment variable')] as const),
  ];
}

/** A path that the agent takes: any other would end the connection. */
function inside(path: string): Buffer {
  const encoded = text(path, 'a file path');
  if (encoded.length > 4095 || path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    throw new SoulboxError('invalid_params', `"${path}" is no path of a file in the working directory`);
  return encoded;
}

function text(value: string, what: string, mayBeEmpty = false): Buffer {
  if (value.includes('\0')) throw new SoulboxError('invalid_params', `${what} contains a NUL character`);
  if (value === '' && !mayBeEmpty) throw new SoulboxError('invalid_params', `${what} is empty`);
  return Buffer.from(value);
}
