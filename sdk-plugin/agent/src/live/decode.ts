import { constants } from 'node:os';
import type {
  FileEntry,
  FileType,
  GatewayEvent,
  ProcessEvent,
  ProcessInfo,
  SearchMatch,
  WatchEvent,
} from '../../../src/contracts/live.ts';
import { decodeFields, readUnsigned } from '../fields.ts';
import { violation } from '../violation.ts';

/** The fields of one payload, each by its number. */
export class Fields {
  readonly #values = new Map<number, Buffer[]>();

  /** @throws agent_protocol for what is malformed. */
  constructor(payload: Buffer) {
    for (const { tag, value } of decodeFields(payload)) {
      const before = this.#values.get(tag);
      if (before) before.push(value);
      else this.#values.set(tag, [value]);
    }
  }

  has(tag: number): boolean {
    return this.#values.has(tag);
  }

  all(tag: number): readonly Buffer[] {
    return this.#values.get(tag) ?? [];
  }

  bytes(tag: number): Buffer {
    const found = this.#values.get(tag)?.at(-1);
    if (!found) throw violation(`field ${tag} is missing`);
    return found;
  }

  number(tag: number, width: 1 | 2 | 4 | 8): number {
    return readUnsigned(this.bytes(tag), width, `field ${tag}`);
  }

  text(tag: number): string {
    return this.bytes(tag).toString('utf8');
  }
}

const fileTypes: readonly FileType[] = ['file', 'folder', 'link', 'other'];

export function entryOf(payload: Buffer): FileEntry {
  const fields = new Fields(payload);
  const type = fileTypes[fields.number(2, 1) - 1];
  if (!type) throw violation('an entry of an unknown type');
  return {
    path: fields.text(1),
    type,
    size: fields.number(3, 8),
    mode: fields.number(4, 4),
    modifiedAt: fields.number(5, 8),
    ...(fields.has(6) ? { target: fields.text(6) } : {}),
    uid: fields.number(7, 4),
  };
}

const signalNames = new Map<number, string>(Object.entries(constants.signals).map(([name, number]) => [number, name]));

const timedOut = 1;
const killedForMemory = 2;

export function processOf(payload: Buffer): ProcessInfo {
  const fields = new Fields(payload);
  const flags = fields.number(11, 4);
  const signal = fields.has(9) ? fields.number(9, 1) : undefined;
  return {
    id: fields.number(1, 4),
    pid: fields.number(2, 4),
    ...(fields.has(3) ? { tag: fields.text(3) } : {}),
    argv: fields.all(4).map((argument) => argument.toString('utf8')),
    cwd: fields.text(5),
    startedAt: fields.number(6, 8),
    state: fields.number(7, 1) === 2 ? 'ended' : 'running',
    exitCode: fields.has(8) ? fields.number(8, 4) : null,
    signal: signal === undefined ? null : (signalNames.get(signal) ?? `SIG${signal}`),
    endedAt: fields.has(10) ? fields.number(10, 8) : null,
    timedOut: (flags & timedOut) !== 0,
    killedForMemory: (flags & killedForMemory) !== 0,
    emitted: fields.number(12, 8),
    oldest: fields.number(13, 8),
    terminal: fields.number(14, 1) === 1,
  };
}

const streams = ['stdout', 'stderr', 'control'] as const;

export function outputOf(payload: Buffer): ProcessEvent {
  const fields = new Fields(payload);
  if (!fields.has(1)) return { type: 'gap', from: fields.number(4, 8), to: fields.number(5, 8) };
  const stream = streams[fields.number(1, 1) - 1];
  if (!stream) throw violation('output of an unknown stream');
  return { type: 'output', stream, offset: fields.number(2, 8), data: fields.bytes(3) };
}

const changes = [undefined, 'created', 'written', 'removed', undefined, 'attributes'] as const;
const renamed = 4;
const lost = 6;

export function watchEventOf(payload: Buffer): WatchEvent {
  const fields = new Fields(payload);
  if (fields.has(1)) return { type: 'ready', folders: fields.number(1, 4) };
  const kind = fields.number(2, 1);
  if (kind === lost) return { type: 'lost' };
  if (kind === renamed) return { type: 'renamed', path: fields.text(3), to: fields.text(4) };
  const type = changes[kind];
  if (!type) throw violation('an event of an unknown kind');
  return { type, path: fields.text(3) };
}

export function matchOf(payload: Buffer): SearchMatch {
  const fields = new Fields(payload);
  const path = fields.text(1);
  return fields.has(2)
    ? { path, line: fields.number(2, 4), column: fields.number(3, 4), text: fields.text(4) }
    : { path };
}

export function gatewayEventOf(payload: Buffer): GatewayEvent {
  const fields = new Fields(payload);
  if (fields.has(4)) return { type: 'question', question: fields.number(4, 4), message: fields.bytes(5) };
  return { type: 'connection', connection: fields.number(1, 4), address: fields.text(2), port: fields.number(3, 2) };
}

export function portsOf(payload: Buffer): { readonly port: number; readonly address: string }[] {
  return new Fields(payload).all(1).map((one) => {
    const fields = new Fields(one);
    return { port: fields.number(1, 2), address: fields.text(2) };
  });
}
