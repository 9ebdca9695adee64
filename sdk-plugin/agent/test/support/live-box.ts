import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { ConnectedAgent } from '../../src/live/agent.ts';
import { LiveConnection } from '../../src/live/connection.ts';
import { liveFrame } from '../../src/live/frames.ts';
import { encodeFields, u32 } from '../../src/fields.ts';
import { FrameReader, type Frame } from '../../src/frame-reader.ts';
import { encodeFrame } from '../../src/request.ts';
import { strongestMode, type Programs } from './program.ts';
import { RealAgent } from './real-agent.ts';

type Field = readonly [tag: number, value: Uint8Array];

/** What a shell and the usual programs need. */
const paths = ['/usr/bin', '/usr/lib', '/usr/lib64', '/bin', '/lib', '/lib64']
  .filter((path) => existsSync(path))
  .flatMap((path) => ['--path', path]);

/** A box that stays, made by the real program. */
export class LiveBox {
  static #made = 0;
  readonly agent: RealAgent;
  readonly #path: string;

  private constructor(agent: RealAgent, path: string) {
    this.agent = agent;
    this.#path = path;
  }

  static async make(programs: Programs, program = programs.agent, memory = 256 * 2 ** 20): Promise<LiveBox> {
    const path = join(programs.folder, `live-${++LiveBox.#made}`);
    const limits = ['--memory', String(memory), '--disk', String(64 * 2 ** 20), '--processes', '64'];
    const agent = new RealAgent(program, strongestMode, ['--listen', path, ...limits, ...paths]);
    await agent.hello();
    return new LiveBox(agent, path);
  }

  async socket(): Promise<Socket> {
    const socket = connect(this.#path);
    await once(socket, 'connect');
    return socket;
  }

  async connect(creditBytes?: number): Promise<{ connection: LiveConnection; live: ConnectedAgent }> {
    const socket = await this.socket();
    const open = async function* (input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      void (async () => {
        for await (const piece of input) if (!socket.write(piece)) await once(socket, 'drain').catch(() => undefined);
        socket.end();
      })().catch(() => undefined);
      socket.on('error', () => undefined);
      yield* socket as AsyncIterable<Buffer>;
    };
    const connection = await LiveConnection.open(open, creditBytes === undefined ? {} : { creditBytes });
    return { connection, live: new ConnectedAgent(connection) };
  }

  async peer(): Promise<LivePeer> {
    return new LivePeer(await this.socket());
  }

  /** Ends it; what could not be ended. */
  async destroy(): Promise<string[]> {
    const processes = this.agent.processes();
    this.agent.killLauncher();
    await this.agent.ended();
    return this.agent.gone(processes);
  }
}

/** Speaks frame by frame. */
export class LivePeer {
  readonly socket: Socket;
  readonly #frames: Frame[] = [];
  #wake: () => void = () => undefined;
  #over = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader();
    socket.on('data', (chunk: Buffer) => {
      this.#frames.push(...reader.push(chunk));
      this.#wake();
    });
    const end = (): void => {
      this.#over = true;
      this.#wake();
    };
    socket.on('error', end).on('close', end);
  }

  /** Undefined when the service has closed the connection. */
  async next(): Promise<Frame | undefined> {
    while (this.#frames.length === 0 && !this.#over) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#frames.shift();
  }

  /** Until a frame of that type. */
  async until(type: number): Promise<Frame> {
    for (;;) {
      const frame = await this.next();
      if (frame === undefined) throw new Error('the service closed the connection');
      if (frame.type === type) return frame;
    }
  }

  send(type: number, channel: number, payload: Uint8Array = new Uint8Array()): void {
    this.socket.write(encodeFrame(type, channel, payload));
  }

  call(channel: number, method: number, credit: number, ...fields: readonly Field[]): void {
    this.send(liveFrame.call, channel, encodeFields([[1, Uint8Array.of(method)], [2, u32(credit)], ...fields]));
  }
}
