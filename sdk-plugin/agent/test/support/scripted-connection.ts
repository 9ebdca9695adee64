import type { LiveAgent } from '../../../src/contracts/live.ts';
import { ScriptedLiveService, type LiveScript, type ScriptedCall } from '../../../testing/scripted-live.ts';
import { u32, u64 } from '../../src/fields.ts';
import { ConnectedAgent } from '../../src/live/agent.ts';
import { LiveConnection, type LiveConnectionOptions } from '../../src/live/connection.ts';

export interface Reached {
  readonly service: ScriptedLiveService;
  readonly connection: LiveConnection;
  readonly agent: LiveAgent;
}

export async function reach(script?: LiveScript, options?: LiveConnectionOptions): Promise<Reached> {
  const service = new ScriptedLiveService();
  if (script) service.script = script;
  const connection = await LiveConnection.open(service.connect, options);
  return { service, connection, agent: new ConnectedAgent(connection) };
}

/** Answers calls as they begin, and cancellations as the service does. */
export const answering =
  (answer: (call: ScriptedCall) => void): LiveScript =>
  (call, why) => {
    if (why === 'call') answer(call);
    if (why === 'cancelled') call.fail('cancelled');
  };

export async function* bytes(...pieces: readonly string[]): AsyncIterable<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export const entryFields = (over: Partial<Record<number, Uint8Array>> = {}): [number, Uint8Array][] =>
  Object.entries({
    1: Buffer.from('/home/sandbox/a'),
    2: Uint8Array.of(1),
    3: u64(5),
    4: u32(0o644),
    5: u64(1_700_000_000_000),
    7: u32(1000),
    ...over,
  }).map(([tag, value]) => [Number(tag), value]);
export const entry = {
  path: '/home/sandbox/a',
  type: 'file',
  size: 5,
  mode: 0o644,
  modifiedAt: 1_700_000_000_000,
  uid: 1000,
};

export const processFields = (over: Partial<Record<number, Uint8Array>> = {}): [number, Uint8Array][] => [
  ...Object.entries({
    1: u32(3),
    2: u32(7),
    5: Buffer.from('/home/sandbox'),
    6: u64(1),
    7: Uint8Array.of(1),
    11: u32(0),
    12: u64(0),
    13: u64(0),
    14: Uint8Array.of(0),
    ...over,
  }).map(([tag, value]): [number, Uint8Array] => [Number(tag), value]),
  [4, Buffer.from('sh')],
  [4, Buffer.from('-c')],
];
export const running = {
  id: 3,
  pid: 7,
  argv: ['sh', '-c'],
  cwd: '/home/sandbox',
  startedAt: 1,
  state: 'running',
  exitCode: null,
  signal: null,
  endedAt: null,
  timedOut: false,
  killedForMemory: false,
  emitted: 0,
  oldest: 0,
  terminal: false,
};
