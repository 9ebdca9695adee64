import { SoulboxError, toSoulboxError } from '../../../src/errors.ts';
import { Condition } from '../condition.ts';
import { readUnsigned, u64 } from '../fields.ts';
import { FrameReader, type Frame } from '../frame-reader.ts';
import type { Facts } from '../message.ts';
import { encodeFrame } from '../request.ts';
import { violation } from '../violation.ts';
import { LiveCall, type CallOptions, type RequestFields } from './call.ts';
import { Fields } from './decode.ts';
import { liveFrame, liveVersion, type LiveMethod } from './frames.ts';
import { Outbox } from './outbox.ts';

/** Both directions of a stream to a live service, as {@link SandboxDriver.connect} has it. */
export type ConnectLive = (input: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

export interface LiveConnectionOptions {
  /** How long the service may take to say HELLO, in milliseconds. Default 10,000. */
  readonly handshakeMs?: number;
  /** How many bytes each call may send ahead of its consumer. Default 256 KiB. */
  readonly creditBytes?: number;
  readonly signal?: AbortSignal;
}

const lost = (): SoulboxError => new SoulboxError('sandbox_lost', 'the sandbox is gone, or cannot be reached');
/** Channels are numbered by a u32 of the connection. */
const lastNumber = 2 ** 32 - 1;

/**
 * A host's end of the stream to one live service. The service is not trusted: anything that `LIVE.md` does not allow ends
 * the connection with `agent_protocol`. However it ends, every call of it ends too, as `sandbox_lost`.
 */
export class LiveConnection {
  /** The same for the whole life of the sandbox. */
  boot = 0;
  readonly facts: Facts = new Map();
  /** Resolves when it is over: with the reason, or `undefined` after {@link close}. Never rejects. */
  readonly ended: Promise<SoulboxError | undefined>;
  readonly #outbox = new Outbox();
  readonly #creditBytes: number;
  readonly #calls = new Map<number, LiveCall>();
  readonly #pings = new Map<number, () => void>();
  readonly #changed = new Condition();
  #resolveEnded!: (reason: SoulboxError | undefined) => void;
  #stopReading: (() => void) | undefined;
  #reason: SoulboxError | undefined;
  #greeted = false;
  #over = false;
  #last = 0;
  #lastPing = 0;
  #lastUsed = performance.now();

  private constructor({ creditBytes = 256 * 1024 }: LiveConnectionOptions) {
    this.#creditBytes = creditBytes;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  /** @throws sandbox_lost if the stream ends first, deadline_exceeded, cancelled, agent_protocol, what the stream throws. */
  static async open(connect: ConnectLive, options: LiveConnectionOptions = {}): Promise<LiveConnection> {
    const connection = new LiveConnection(options);
    const abort = (): void => connection.#finish(new SoulboxError('cancelled', 'the caller cancelled it'));
    const timer = setTimeout(
      () => connection.#finish(new SoulboxError('deadline_exceeded', 'the sandbox did not answer in time')),
      options.handshakeMs ?? 10_000,
    );
    options.signal?.addEventListener('abort', abort, { once: true });
    if (options.signal?.aborted) abort();
    else void connection.#read(connect);
    while (!connection.#greeted && !connection.#over) await connection.#changed.wait();
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
    if (connection.#over) throw connection.#reason ?? lost();
    return connection;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** How many calls are under way. */
  get openCalls(): number {
    return this.#calls.size;
  }

  /** When a call last began or ended, on the clock of `performance.now()`. */
  get lastUsedAt(): number {
    return this.#lastUsed;
  }

  /** Begins a call. @throws sandbox_lost, payload_too_large */
  call(method: LiveMethod, fields: RequestFields, options: CallOptions = {}): LiveCall {
    if (this.#over || this.#last === lastNumber) throw lost();
    const number = ++this.#last;
    const link = {
      outbox: this.#outbox,
      creditBytes: this.#creditBytes,
      forget: (which: number): void => {
        this.#calls.delete(which);
        this.#lastUsed = performance.now();
      },
    };
    const call = new LiveCall(number, method, link, options);
    call.start(fields);
    this.#calls.set(number, call);
    this.#lastUsed = performance.now();
    return call;
  }

  /** @throws sandbox_lost if no answer comes in time; the connection is then over. */
  async ping(withinMs: number): Promise<void> {
    const number = ++this.#lastPing;
    let answered = false;
    this.#pings.set(number, () => (answered = true));
    const timer = setTimeout(() => this.#finish(lost()), withinMs);
    this.#outbox.push(encodeFrame(liveFrame.ping, 0, u64(number)));
    while (!answered && !this.#over) await this.#changed.wait();
    clearTimeout(timer);
    if (!answered) throw lost();
  }

  /** Leaves the sandbox as it is. */
  close(): void {
    this.#finish(undefined);
  }

  async #read(connect: ConnectLive): Promise<void> {
    const reader = new FrameReader();
    try {
      const stream = connect(this.#outbox)[Symbol.asyncIterator]();
      this.#stopReading = () => void stream.return?.().catch(() => undefined);
      for (let next; !(next = await stream.next()).done && !this.#over;) {
        const chunk = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
        for (const frame of reader.push(chunk)) if (!this.#over) this.#dispatch(frame);
      }
      this.#finish(lost());
    } catch (thrown) {
      this.#finish(toSoulboxError(thrown));
    }
  }

  #dispatch(frame: Frame): void {
    if (frame.run === 0) return this.#receiveOwn(frame);
    const call = this.#calls.get(frame.run);
    if (!call) throw violation('a frame for a call that is not under way');
    call.receive(frame);
  }

  #receiveOwn({ type, payload }: Frame): void {
    if (type === liveFrame.hello && !this.#greeted) this.#greet(new Fields(payload));
    else if (type === liveFrame.pong) this.#pong(readUnsigned(payload, 8, 'pong'));
    else throw violation(`frame ${type} out of turn`);
    this.#changed.notify();
  }

  #greet(fields: Fields): void {
    if (fields.number(1, 2) !== liveVersion) throw violation(`version ${fields.number(1, 2)}`);
    for (const fact of fields.all(2)) {
      const [name = '', value = ''] = fact.toString('utf8').split('=', 2);
      (this.facts as Map<string, string>).set(name, value);
    }
    this.boot = fields.number(3, 8);
    this.#greeted = true;
  }

  #pong(number: number): void {
    const answered = this.#pings.get(number);
    if (!answered) throw violation('an answer that nobody asked for');
    answered();
    this.#pings.delete(number);
  }

  #finish(reason: SoulboxError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#reason = reason;
    this.#outbox.close();
    this.#stopReading?.();
    for (const call of this.#calls.values()) call.lose(lost());
    this.#calls.clear();
    this.#pings.clear();
    this.#changed.notify();
    this.#resolveEnded(reason);
  }
}
