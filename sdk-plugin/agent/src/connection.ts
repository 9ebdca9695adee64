import type { Duplex } from 'node:stream';
import type { BoxStats, RunEvent, RunOptions, RunSpec, SandboxStats, WarmDemand } from '../../src/contracts/sandbox.ts';
import { SoulboxError, toSoulboxError } from '../../src/errors.ts';
import { Condition } from './condition.ts';
import { u64 } from './fields.ts';
import { FrameReader, type Frame } from './frame-reader.ts';
import { decodeMessage, type AgentMessage, type Facts, type Usage } from './message.ts';
import { frameType, protocolVersion } from './protocol.ts';
import { encodeFrame } from './request.ts';
import { Run, type Channel } from './run.ts';
import { violation } from './violation.ts';
import { WarmSets } from './warm-sets.ts';

export interface AgentConnectionOptions {
  /** How long the agent may take to say HELLO, in milliseconds. Default 10,000. */
  readonly handshakeMs?: number;
  /** How long it may take beyond a run's own limits before it counts as frozen, in milliseconds. Default 10,000. */
  readonly graceMs?: number;
  /** How many bytes of output a run may send ahead of its consumer. Default 256 KiB. */
  readonly creditBytes?: number;
  /** Facts that the driver knows better than the agent; they win over those in its HELLO. */
  readonly facts?: Facts;
  readonly signal?: AbortSignal;
}

/** An answer to STATS as it comes in: the runs, and the box last. */
interface Count {
  readonly runs: Record<string, SandboxStats>;
  box: SandboxStats | undefined;
}

const lost = (): SoulboxError => new SoulboxError('sandbox_lost', 'the sandbox agent is gone');

/**
 * A driver's end of the stream to one agent. The agent is not trusted: anything that its protocol does not allow ends
 * the connection with `agent_protocol`. However it ends, every run of it ends too, as `lost`.
 */
export class AgentConnection {
  /** What the agent said in its HELLO. */
  readonly facts: Facts = new Map();
  /** Resolves when the connection is over: with the reason, or `undefined` after {@link shutdown}. Never rejects. */
  readonly ended: Promise<SoulboxError | undefined>;
  readonly #stream: Duplex;
  readonly #known: Facts;
  readonly #channel: Channel;
  readonly #reader = new FrameReader();
  readonly #runs = new Map<number, Run>();
  readonly #pings = new Map<number, () => void>();
  readonly #counts = new Map<number, Count>();
  readonly #warmSets = new WarmSets();
  readonly #changed = new Condition();
  #resolveEnded!: (reason: SoulboxError | undefined) => void;
  #greeted = false;
  #over = false;
  #shuttingDown = false;
  #reason: SoulboxError | undefined;
  #lastRun = 0;
  #lastNumber = 0;

  private constructor(stream: Duplex, options: AgentConnectionOptions) {
    this.#stream = stream;
    this.#known = options.facts ?? new Map();
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    this.#channel = {
      facts: this.facts,
      graceMs: options.graceMs ?? 10_000,
      creditBytes: options.creditBytes ?? 256 * 1024,
      send: (frame) => this.#send(frame),
      warmSetOf: (spec) => this.#warmSets.match(spec),
      isCongested: () => stream.writableNeedDrain,
      drained: () => this.#drained(),
      fail: (error) => this.#finish(error),
      forget: (run) => void this.#runs.delete(run),
    };
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('drain', () => this.#changed.notify());
    stream.on('error', () => this.#finish(this.#shuttingDown ? undefined : lost()));
    stream.on('end', () => this.#finish(this.#shuttingDown ? undefined : lost()));
    stream.on('close', () => this.#finish(this.#shuttingDown ? undefined : lost()));
  }

  /**
   * Waits for HELLO. The stream belongs to the connection from now on and is destroyed with it.
   * @throws sandbox_lost if the stream ends first, deadline_exceeded, cancelled, or agent_protocol.
   */
  static async open(stream: Duplex, options: AgentConnectionOptions = {}): Promise<AgentConnection> {
    const connection = new AgentConnection(stream, options);
    const abort = (): void => connection.#finish(new SoulboxError('cancelled', 'the caller cancelled it'));
    const timer = setTimeout(
      () => connection.#finish(new SoulboxError('deadline_exceeded', 'the sandbox agent did not start in time')),
      options.handshakeMs ?? 10_000,
    );
    options.signal?.addEventListener('abort', abort, { once: true });
    if (options.signal?.aborted) abort();
    while (!connection.#greeted && !connection.#over) await connection.#changed.wait();
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
    if (connection.#over) throw connection.#reason ?? lost();
    return connection;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** As {@link SandboxDriver.run}; starts when it is iterated. */
  run(spec: RunSpec, options: RunOptions): AsyncIterable<RunEvent> {
    return { [Symbol.asyncIterator]: () => this.#start(spec, options) };
  }

  /**
   * From now on, as many of the program wait in the box.
   * @throws unsupported where the agent keeps none; sandbox_lost, payload_too_large, invalid_params
   */
  warm(demand: WarmDemand): void {
    if (this.#over) throw lost();
    if (!this.facts.has('warm')) throw new SoulboxError('unsupported', 'no programs can wait in this sandbox');
    const order = this.#warmSets.order(demand);
    if (order) this.#send(order);
  }

  /** @throws sandbox_lost if no answer comes in time; the agent then counts as frozen and the connection is over. */
  async ping(withinMs: number): Promise<void> {
    const number = ++this.#lastNumber;
    let answered = false;
    this.#pings.set(number, () => (answered = true));
    await this.#ask(frameType.ping, number, () => answered, withinMs);
  }

  /**
   * What the box and the runs in it use.
   * @throws unsupported for an agent of an earlier build; sandbox_lost as {@link ping}.
   */
  async stats(withinMs: number): Promise<BoxStats> {
    if (!this.facts.has('stats'))
      throw new SoulboxError('unsupported', 'this sandbox agent does not tell what is used');
    const number = ++this.#lastNumber;
    const count: Count = { runs: {}, box: undefined };
    this.#counts.set(number, count);
    await this.#ask(frameType.stats, number, () => count.box !== undefined, withinMs);
    if (!count.box) throw lost();
    return { box: count.box, runs: count.runs };
  }

  async #ask(type: number, number: number, isAnswered: () => boolean, withinMs: number): Promise<void> {
    const timer = setTimeout(() => this.#finish(lost()), withinMs);
    this.#send(encodeFrame(type, 0, u64(number)));
    while (!isAnswered() && !this.#over) await this.#changed.wait();
    clearTimeout(timer);
    if (!isAnswered()) throw lost();
  }

  /** Leaves an agent that stays to itself. */
  leave(): void {
    this.#finish(undefined);
  }

  /** Asks the agent to end every run and itself; takes the stream down if it does not within the time given. */
  async shutdown(withinMs: number): Promise<void> {
    this.#shuttingDown = true;
    for (const run of this.#runs.values()) run.cancel();
    this.#send(encodeFrame(frameType.shutdown, 0));
    const timer = setTimeout(() => this.#finish(undefined), withinMs);
    await this.ended;
    clearTimeout(timer);
  }

  #start(spec: RunSpec, options: RunOptions): Run {
    const id = ++this.#lastRun;
    const run = new Run(id, spec, options, this.#channel);
    if (this.#over || this.#shuttingDown) run.lose();
    else {
      this.#runs.set(id, run);
      void run.start();
    }
    return run;
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.push(chunk)) {
        if (this.#over) return;
        this.#dispatch(frame);
      }
    } catch (error) {
      this.#finish(toSoulboxError(error));
    }
  }

  #dispatch(frame: Frame): void {
    const message = decodeMessage(frame);
    if (frame.run === 0) return this.#receiveOwn(message);
    const run = this.#runs.get(frame.run);
    if (!this.#greeted || !run) throw violation('a frame for a run that is not under way');
    if (message.type === 'usage') this.#countOf(message).runs[run.specId] = { at: Date.now(), ...message.used };
    else run.receive(message);
  }

  #countOf({ number }: Usage): Count {
    const count = this.#counts.get(number);
    if (!count) throw violation('a usage that nobody asked for');
    return count;
  }

  #receiveOwn(message: AgentMessage): void {
    if (message.type === 'hello' && !this.#greeted) {
      if (message.version !== protocolVersion) throw violation(`version ${message.version}`);
      for (const [name, value] of [...message.facts, ...this.#known])
        (this.facts as Map<string, string>).set(name, value);
      this.#greeted = true;
      this.#changed.notify();
    } else if (message.type === 'pong' && this.#pings.has(message.number)) {
      this.#pings.get(message.number)!();
      this.#pings.delete(message.number);
      this.#changed.notify();
    } else if (message.type === 'usage') {
      this.#countOf(message).box = { at: Date.now(), ...message.used };
      this.#counts.delete(message.number);
      this.#changed.notify();
    } else throw violation(`${message.type} out of turn`);
  }

  /** What is sent in one turn of the event loop goes to the agent in one piece. */
  #send(frame: Buffer): void {
    if (this.#over) return;
    if (this.#stream.writableCorked === 0) {
      this.#stream.cork();
      process.nextTick(() => this.#stream.uncork());
    }
    this.#stream.write(frame);
  }

  async #drained(): Promise<void> {
    while (this.#stream.writableNeedDrain && !this.#over) await this.#changed.wait();
  }

  #finish(reason: SoulboxError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#reason = reason;
    this.#stream.destroy();
    for (const run of [...this.#runs.values()]) run.lose();
    this.#pings.clear();
    this.#counts.clear();
    this.#changed.notify();
    this.#resolveEnded(reason);
  }
}
