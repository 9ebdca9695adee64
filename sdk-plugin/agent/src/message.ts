import type { SandboxStats } from '../../src/contracts/sandbox.ts';
import { decodeFields, readUnsigned, type Field } from './fields.ts';
import type { Frame } from './frame-reader.ts';
import {
  frameType,
  limitNames,
  limitsOfVerdict,
  refusalCodes,
  verdictNumbers,
  type AgentVerdict,
  type LimitName,
  type RefusalCode,
} from './protocol.ts';
import { violation } from './violation.ts';

export type Facts = ReadonlyMap<string, string>;

export interface StageEnd {
  readonly type: 'stage-end';
  readonly index: number;
  readonly start: 'cold' | 'warm';
  readonly verdict: AgentVerdict;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly limit: LimitName;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMemoryBytes: number | null;
}

export interface Usage {
  readonly type: 'usage';
  /** Of the request that it answers. */
  readonly number: number;
  readonly used: Omit<SandboxStats, 'at'>;
}

/** What the agent says, each part in range; whether it may say so now is for the receiver to judge. */
export type AgentMessage =
  | { readonly type: 'hello'; readonly version: number; readonly facts: Facts }
  | { readonly type: 'stage-start'; readonly index: number }
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly data: Buffer }
  | { readonly type: 'stdin-credit'; readonly bytes: number }
  /** A piece of a file; an empty one says that it is whole. */
  | { readonly type: 'file-out'; readonly data: Buffer }
  | StageEnd
  | { readonly type: 'end'; readonly truncated: { stdout: boolean; stderr: boolean }; readonly facts: Facts }
  | { readonly type: 'refused'; readonly code: RefusalCode; readonly message: string }
  | { readonly type: 'pong'; readonly number: number }
  | Usage;

const maximumFacts = 64;
const maximumMessage = 200;

/** @throws agent_protocol for a type, field, length or number that the protocol does not have. */
export function decodeMessage({ type, payload }: Frame): AgentMessage {
  switch (type) {
    case frameType.hello:
      return decodeHello(payload);
    case frameType.stageStart:
      return { type: 'stage-start', index: readUnsigned(payload, 1, 'a stage index') };
    case frameType.output:
      return decodeOutput(payload);
    case frameType.stdinCredit:
      return { type: 'stdin-credit', bytes: readUnsigned(payload, 4, 'a credit') };
    case frameType.fileOut:
      return { type: 'file-out', data: payload };
    case frameType.stageEnd:
      return decodeStageEnd(payload);
    case frameType.end:
      return decodeEnd(payload);
    case frameType.refused:
      return decodeRefused(payload);
    case frameType.pong:
      return { type: 'pong', number: readUnsigned(payload, 8, 'a pong') };
    case frameType.usage:
      return decodeUsage(payload);
    default:
      throw violation(`frame type ${type}`);
  }
}

/** Collects fields by tag. @throws agent_protocol for unknown tags, and for repeated ones other than `repeatable`. */
function byTag(payload: Buffer, known: readonly number[], repeatable?: number): Map<number, Buffer[]> {
  const values = new Map<number, Buffer[]>();
  for (const { tag, value } of decodeFields(payload)) {
    const earlier = values.get(tag);
    if (!known.includes(tag)) throw violation(`field ${tag}`);
    if (earlier === undefined) values.set(tag, [value]);
    else if (tag === repeatable && earlier.length < maximumFacts) earlier.push(value);
    else throw violation(`field ${tag} too often`);
  }
  return values;
}

function required(values: Map<number, Buffer[]>, tag: Field['tag']): Buffer {
  const value = values.get(tag)?.[0];
  if (value === undefined) throw violation(`field ${tag} missing`);
  return value;
}

function decodeFacts(values: readonly Buffer[] = []): Facts {
  const facts = new Map<string, string>();
  for (const value of values) {
    const match = /^([a-z][a-z0-9-]{0,31})=([\x20-\x7e]{0,127})$/.exec(value.toString('latin1'));
    if (!match) throw violation('a malformed fact');
    facts.set(match[1]!, match[2]!);
  }
  return facts;
}

function decodeHello(payload: Buffer): AgentMessage {
  const values = byTag(payload, [1, 2], 2);
  return {
    type: 'hello',
    version: readUnsigned(required(values, 1), 2, 'a version'),
    facts: decodeFacts(values.get(2)),
  };
}

function decodeOutput(payload: Buffer): AgentMessage {
  const stream = payload[0];
  if ((stream !== 1 && stream !== 2) || payload.length < 2) throw violation('an output frame without stream or bytes');
  return { type: 'output', stream: stream === 1 ? 'stdout' : 'stderr', data: payload.subarray(1) };
}

function decodeStageEnd(payload: Buffer): StageEnd {
  const values = byTag(payload, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const number = (tag: number, width: 1 | 4 | 8, name: string): number =>
    readUnsigned(required(values, tag), width, name);
  const end: StageEnd = {
    type: 'stage-end',
    index: number(1, 1, 'a stage index'),
    start: values.has(9) ? startNumbered(number(9, 1, 'a start')) : 'cold',
    verdict: verdictNumbers.get(number(2, 1, 'a verdict')) ?? fail('an unknown verdict'),
    exitCode: values.has(3) ? number(3, 4, 'an exit code') : null,
    signal: values.has(4) ? number(4, 1, 'a signal') : null,
    limit: values.has(5) ? limitNumbered(number(5, 1, 'a limit')) : null,
    wallMs: number(6, 8, 'a wall time') / 1000,
    cpuMs: number(7, 8, 'a cpu time') / 1000,
    peakMemoryBytes: values.has(8) ? number(8, 8, 'a memory size') : null,
  };
  if (!isConsistent(end)) throw violation('a stage end that contradicts itself');
  return end;
}

function limitNumbered(number: number): LimitName {
  const name = limitNames[number];
  if (name === undefined) throw violation('an unknown limit');
  return name;
}

function startNumbered(number: number): StageEnd['start'] {
  if (number !== 1) throw violation('an unknown start');
  return 'warm';
}

function isConsistent({ verdict, exitCode, signal, limit }: StageEnd): boolean {
  if (exitCode !== null && (signal !== null || exitCode > 255)) return false;
  if (signal !== null && (signal < 1 || signal > 64)) return false;
  if (verdict === 'ok' && exitCode !== 0) return false;
  if (verdict === 'exit' && (exitCode === null || exitCode === 0)) return false;
  if (verdict === 'signal' && signal === null) return false;
  const causes = limitsOfVerdict[verdict];
  return causes ? causes.includes(limit) : limit === null;
}

function decodeUsage(payload: Buffer): Usage {
  const values = byTag(payload, [1, 2, 3, 4, 5, 6, 7]);
  const number = (tag: number): number | null =>
    values.has(tag) ? readUnsigned(required(values, tag), 8, 'a usage') : null;
  const cpuUs = number(2);
  return {
    type: 'usage',
    number: readUnsigned(required(values, 1), 8, 'a number'),
    used: {
      cpuMs: cpuUs === null ? null : cpuUs / 1000,
      memoryBytes: number(3),
      peakMemoryBytes: number(4),
      processes: number(5),
      readBytes: number(6),
      writtenBytes: number(7),
    },
  };
}

function decodeEnd(payload: Buffer): AgentMessage {
  const values = byTag(payload, [1, 2], 2);
  const bits = readUnsigned(required(values, 1), 1, 'truncation bits');
  if (bits > 3) throw violation('unknown truncation bits');
  return {
    type: 'end',
    truncated: { stdout: (bits & 1) !== 0, stderr: (bits & 2) !== 0 },
    facts: decodeFacts(values.get(2)),
  };
}

function decodeRefused(payload: Buffer): AgentMessage {
  const values = byTag(payload, [1, 2]);
  const name = required(values, 1).toString('latin1');
  const code = refusalCodes.find((known) => known === name) ?? fail('an unknown refusal');
  const raw = values.get(2)?.[0]?.subarray(0, maximumMessage).toString('latin1') ?? '';
  return { type: 'refused', code, message: raw.replace(/[^\x20-\x7e]/g, '?') };
}

function fail(what: string): never {
  throw violation(what);
}
