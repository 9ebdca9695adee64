import { createServer, connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent, RunOutcome, RunSpec } from '../../../src/contracts/sandbox.ts';
import { AgentConnection, type AgentConnectionOptions } from '../../src/connection.ts';
import { encodeFields, u32, u64 } from '../../src/fields.ts';
import { FrameReader, type Frame } from '../../src/frame-reader.ts';
import { frameType } from '../../src/protocol.ts';
import { encodeFrame } from '../../src/request.ts';

/** Two ends of one unix socket. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const folder = await mkdtemp(join(tmpdir(), 'soulbox-peer-'));
  const server = createServer().listen(join(folder, 's'));
  await once(server, 'listening');
  const near = connect(join(folder, 's'));
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  await rm(folder, { recursive: true, force: true });
  return [near, far];
}

/** The agent's end, played by the test: it sees each frame of the client and sends what the test says. */
export class Peer {
  readonly frames: Frame[] = [];
  readonly socket: Socket;
  #wake = (): void => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader();
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.frames.push(...reader.push(chunk));
      this.#wake();
    });
  }

  send(type: number, run = 0, payload: Uint8Array = new Uint8Array()): void {
    this.socket.write(encodeFrame(type, run, payload));
  }

  hello(facts: readonly string[] = [], version = [1, 0]): void {
    this.send(
      frameType.hello,
      0,
      encodeFields([[1, Uint8Array.from(version)], ...facts.map((fact) => [2, Buffer.from(fact)] as const)]),
    );
  }

  output(run: number, text: string | Uint8Array, stream = 1): void {
    this.send(frameType.output, run, Buffer.concat([Uint8Array.of(stream), Buffer.from(text)]));
  }

  stageStart(run: number, index = 0): void {
    this.send(frameType.stageStart, run, Uint8Array.of(index));
  }

  stageEnd(run: number, over: StageEndFields = {}): void {
    this.send(frameType.stageEnd, run, stageEndPayload(over));
  }

  end(run: number, truncated = 0, facts: readonly string[] = []): void {
    this.send(
      frameType.end,
      run,
      encodeFields([[1, Uint8Array.of(truncated)], ...facts.map((fact) => [2, Buffer.from(fact)] as const)]),
    );
  }

  /** Waits until the client has sent `count` frames of a type (of any run), and returns the last of them. */
  async received(type: number, count = 1): Promise<Frame> {
    for (;;) {
      const matching = this.frames.filter((frame) => frame.type === type);
      const frame = matching[count - 1];
      if (frame) return frame;
      if (this.socket.destroyed) throw new Error(`the client closed before frame ${type}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.socket.once('close', () => resolve());
      });
    }
  }
}

export interface StageEndFields {
  index?: number;
  verdict?: number;
  exitCode?: number | null;
  signal?: number;
  limit?: number;
  memory?: number;
}

export function stageEndPayload({
  index = 0,
  verdict = 0,
  exitCode = 0,
  signal,
  limit,
  memory,
}: StageEndFields): Buffer {
  const fields: [number, Uint8Array][] = [
    [1, Uint8Array.of(index)],
    [2, Uint8Array.of(verdict)],
    [6, u64(12_345)],
    [7, u64(2_000)],
  ];
  if (exitCode !== null) fields.push([3, u32(exitCode)]);
  if (signal !== undefined) fields.push([4, Uint8Array.of(signal)]);
  if (limit !== undefined) fields.push([5, Uint8Array.of(limit)]);
  if (memory !== undefined) fields.push([8, u64(memory)]);
  return encodeFields(fields);
}

/** A connection that has had its HELLO, and the peer behind it. Both are closed when the test is over. */
export async function connected(
  test: { after(fn: () => void): void },
  options: AgentConnectionOptions = {},
  facts: readonly string[] = [],
): Promise<{ connection: AgentConnection; peer: Peer }> {
  const [near, far] = await socketPair();
  const peer = new Peer(far);
  test.after(() => {
    near.destroy();
    far.destroy();
  });
  peer.hello(facts);
  return { connection: await AgentConnection.open(near, options), peer };
}

export function specOf(over: Partial<RunSpec> = {}): RunSpec {
  return {
    id: 'r1',
    files: [],
    stages: [{ name: 'run', argv: ['/bin/true'], env: {}, stdin: true }],
    limits: {
      wallMs: 60_000,
      cpuMs: 60_000,
      memoryBytes: 1e8,
      outputBytes: 1e6,
      processes: 10,
      diskBytes: 1e7,
    },
    ...over,
  };
}

export interface Collected {
  readonly stages: string[];
  readonly stdout: string;
  readonly stderr: string;
  /** What was kept, with a dot where it is whole. */
  readonly file: string;
  readonly outcome: RunOutcome;
}

/** Reads a run to its end and checks that `end` came once and last. */
export async function collect(events: AsyncIterable<RunEvent>): Promise<Collected> {
  const text = { stdout: '', stderr: '' };
  const stages: string[] = [];
  let file = '';
  let outcome: RunOutcome | undefined;
  for await (const event of events) {
    if (outcome) throw new Error('an event after the end');
    if (event.type === 'end') outcome = event.outcome;
    else if (event.type === 'stage') stages.push(event.name);
    else if (event.type === 'file') file += Buffer.from(event.data).toString('latin1') + (event.last ? '.' : '');
    else text[event.type] += Buffer.from(event.data).toString('latin1');
  }
  if (!outcome) throw new Error('no end');
  return { stages, ...text, file, outcome };
}
