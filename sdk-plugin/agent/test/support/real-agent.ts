import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFields, u32, u64 } from '../../src/fields.ts';
import { FrameReader, type Frame } from '../../src/frame-reader.ts';
import { decodeMessage, type AgentMessage, type StageEnd } from '../../src/message.ts';
import { frameType } from '../../src/protocol.ts';
import { encodeFrame } from '../../src/request.ts';
import { living, processTree, type Mode } from './program.ts';

export interface Limits {
  wallMs: number;
  cpuMs: number;
  memory: number;
  output: number;
  processes: number;
  disk: number;
  credit: number;
}

type FileRequest = readonly [path: string, content: Uint8Array, executable?: boolean];

/** What may wait for a run; see the frame WARM. */
export interface WarmRequest {
  readonly set: number;
  readonly kind: 'start' | 'fork';
  readonly argv: readonly string[];
  readonly env?: readonly string[];
  readonly count: number;
  readonly limits?: Partial<Limits>;
  readonly file?: FileRequest;
}

const generous: Limits = {
  wallMs: 20_000,
  cpuMs: 20_000,
  memory: 256 * 1024 * 1024,
  output: 16 * 1024 * 1024,
  processes: 32,
  disk: 16 * 1024 * 1024,
  credit: 0xffff_ffff,
};

export interface StageRequest {
  readonly argv: readonly string[];
  readonly env?: readonly string[];
  readonly stdin?: boolean;
  readonly keep?: string;
}

export interface RunRequest {
  readonly stages: readonly StageRequest[];
  readonly files?: readonly FileRequest[];
  readonly limits?: Partial<Limits>;
  readonly stdin?: Uint8Array;
  /** What may take the first stage. */
  readonly set?: number;
}

export interface RunResult {
  readonly stages: StageEnd[];
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly truncated: { stdout: boolean; stderr: boolean } | undefined;
  readonly refused: string | undefined;
  readonly message: string | undefined;
}

export const open = (run: number, limits: Partial<Limits> = {}, set?: number): Buffer => {
  const all = { ...generous, ...limits };
  return encodeFrame(
    frameType.open,
    run,
    encodeFields([
      [1, u64(all.wallMs)],
      [2, u64(all.cpuMs)],
      [3, u64(all.memory)],
      [4, u64(all.output)],
      [5, u32(all.processes)],
      [6, u64(all.disk)],
      [7, u32(all.credit)],
      ...(set === undefined ? [] : [[8, u32(set)] as const]),
    ]),
  );
};

const fileFields = ([path, content, executable = false]: FileRequest) =>
  encodeFields([
    [1, Buffer.from(path)],
    [2, Uint8Array.of(executable ? 1 : 0)],
    [3, content],
  ]);

export const warm = ({ set, kind, argv, env = [], count, limits = {}, file: own }: WarmRequest): Buffer => {
  const all = { ...generous, ...limits };
  return encodeFrame(
    frameType.warm,
    0,
    encodeFields([
      [1, u32(set)],
      [2, Uint8Array.of(kind === 'fork' ? 2 : 1)],
      ...argv.map((argument) => [3, Buffer.from(argument)] as const),
      ...env.map((entry) => [4, Buffer.from(entry)] as const),
      [5, u32(count)],
      [6, u64(all.cpuMs)],
      [7, u64(all.memory)],
      [8, u32(all.processes)],
      [9, u64(all.disk)],
      ...(own ? [[10, fileFields(own)] as const] : []),
    ]),
  );
};

/** FILE and as many APPENDs as it takes. */
export function* file(run: number, path: string, content: Uint8Array, executable = false): Generator<Buffer> {
  const piece = 512 * 1024;
  yield encodeFrame(frameType.file, run, fileFields([path, content.subarray(0, piece), executable]));
  for (let at = piece; at < content.length; at += piece)
    yield encodeFrame(frameType.append, run, content.subarray(at, at + piece));
}

export const stage = (run: number, { argv, env = [], stdin = false, keep }: StageRequest, takesWarm = false): Buffer =>
  encodeFrame(
    frameType.stage,
    run,
    encodeFields([
      [1, Buffer.from('stage')],
      [2, Uint8Array.of((stdin ? 1 : 0) | (takesWarm ? 2 : 0))],
      ...argv.map((argument) => [3, Buffer.from(argument)] as const),
      ...env.map((entry) => [4, Buffer.from(entry)] as const),
      ...(keep === undefined ? [] : [[5, Buffer.from(keep)] as const]),
    ]),
  );

/** The real program, spoken to frame by frame. */
export class RealAgent {
  readonly channel: Socket;
  readonly #child: ChildProcess;
  readonly #reader = new FrameReader();
  readonly #frames: Frame[] = [];
  readonly #closed: Promise<unknown>;
  #wake: () => void = () => undefined;
  #ended = false;
  #diagnosis = '';
  #lastRun = 0;

  constructor(program: string, mode: Mode, options: readonly string[] = [], kind: 'box' | 'serve' = 'box') {
    const uids = kind === 'box' ? mode.arguments : [];
    this.#child = spawn(program, [kind, '--fd', '3', ...uids, ...options], {
      ...mode.user,
      cwd: '/',
      env: { ASAN_OPTIONS: 'detect_leaks=0' },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    });
    this.#closed = once(this.#child, 'close');
    this.channel = this.#child.stdio[3] as Socket;
    this.channel.on('data', (chunk: Buffer) => {
      this.#frames.push(...this.#reader.push(chunk));
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    this.channel.on('error', end).on('close', end);
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#diagnosis += chunk.toString()));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The next message; undefined when the agent closed the channel. */
  async next(): Promise<(AgentMessage & { readonly run: number }) | undefined> {
    while (this.#frames.length === 0) {
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const frame = this.#frames.shift()!;
    return { ...decodeMessage(frame), run: frame.run };
  }

  /** HELLO, which comes first. */
  async hello(): Promise<ReadonlyMap<string, string>> {
    const first = await this.next();
    if (first?.type !== 'hello') throw new Error(`no hello, but: ${this.#diagnosis}`);
    return first.facts;
  }

  send(...frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.channel.write(frame);
  }

  newRun(): number {
    return ++this.#lastRun;
  }

  /** Describes and starts a run; reading its messages is the caller's. */
  start({ stages, files = [], limits = {}, set }: RunRequest): number {
    const run = this.newRun();
    this.send(open(run, limits, set));
    for (const [path, content, executable] of files) this.send(...file(run, path, content, executable));
    this.send(
      ...stages.map((each, index) => stage(run, each, set !== undefined && index === 0)),
      encodeFrame(frameType.start, run),
    );
    return run;
  }

  /** One run from beginning to end, while no other one is going on. */
  async run(request: RunRequest): Promise<RunResult> {
    const run = this.start(request);
    const pieces = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    const stages: StageEnd[] = [];
    let stdin = request.stdin;
    for (;;) {
      const message = await this.next();
      if (message === undefined) throw new Error(`the agent left: ${this.#diagnosis}`);
      if (message.run !== run) throw new Error(`a message for run ${message.run}`);
      if (message.type === 'output') pieces[message.stream].push(message.data);
      if (message.type === 'stage-end') stages.push(message);
      if (message.type === 'stdin-credit' && stdin) stdin = this.#feed(run, stdin, message.bytes);
      if (message.type !== 'end' && message.type !== 'refused') continue;
      return {
        stages,
        stdout: Buffer.concat(pieces.stdout),
        stderr: Buffer.concat(pieces.stderr),
        truncated: message.type === 'end' ? message.truncated : undefined,
        refused: message.type === 'refused' ? message.code : undefined,
        message: message.type === 'refused' ? message.message : undefined,
      };
    }
  }

  #feed(run: number, bytes: Uint8Array, credit: number): Uint8Array | undefined {
    this.send(encodeFrame(frameType.stdin, run, bytes.subarray(0, credit)));
    if (bytes.length > credit) return bytes.subarray(credit);
    this.send(encodeFrame(frameType.stdinEof, run));
    return undefined;
  }

  processes(): string[] {
    return processTree(this.pid);
  }

  killLauncher(): void {
    this.#child.kill('SIGKILL');
  }

  /** Waits for its end. */
  async ended(): Promise<{ code: number | null; signal: string | null; diagnosis: string }> {
    await this.#closed;
    return { code: this.#child.exitCode, signal: this.#child.signalCode, diagnosis: this.#diagnosis };
  }

  /** Closes the channel, and waits until the agent and all that it started is gone. */
  async close(): Promise<{ code: number | null; left: string[] }> {
    const processes = this.processes();
    this.channel.destroy();
    const { code } = await this.ended();
    return { code, left: await this.gone(processes) };
  }

  /** Those of `processes` that do not go away. */
  async gone(processes: readonly string[]): Promise<string[]> {
    for (let tries = 0; tries < 500 && living(processes).length > 0; tries++) await sleep(10);
    return living(processes);
  }
}
