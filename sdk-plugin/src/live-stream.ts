import { Duplex } from 'node:stream';
import type { LiveAgent } from './contracts/live.ts';

type Done = (error?: Error | null) => void;

/** A call of a {@link LiveAgent} that passes bytes both ways. */
type Call = (input: AsyncIterable<Uint8Array>, options: { readonly signal: AbortSignal }) => AsyncIterable<Uint8Array>;

/**
 * A connection with a program of a sandbox, as a stream. It fails with what the agent says: `port_closed`, `sandbox_lost`.
 * Has what Node's HTTP client and those that build on it ask of a socket, as far as it has a meaning here.
 */
export class LiveStream extends Duplex {
  readonly #abort = new AbortController();
  readonly #received: AsyncIterator<Uint8Array>;
  #sending: { readonly chunk: Uint8Array; readonly done: Done } | undefined;
  #isEnded = false;
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(call: Call) {
    super();
    this.#received = call(this.#sent(), { signal: this.#abort.signal })[Symbol.asyncIterator]();
  }

  /** To a port that a program listens on. */
  static dial(agent: LiveAgent, port: number): LiveStream {
    return new LiveStream((input, options) => agent.dial(port, input, options));
  }

  /** That a program made, and the gateway told of. */
  static take(agent: LiveAgent, connection: number): LiveStream {
    return new LiveStream((input, options) => agent.take(connection, input, options));
  }

  override _read(): void {
    this.#receive().then(
      (chunk) => this.push(chunk),
      (error: Error) => this.destroy(error),
    );
  }

  /** The next piece, or `null` when the program sends no more. */
  async #receive(): Promise<Uint8Array | null> {
    const { done, value } = await this.#received.next();
    if (!done && value.length > 0) return value;
    // It may still listen. When it does not any more, the call is over.
    if (done) this.#finish();
    else
      this.#received.next().then(
        () => this.#finish(),
        (error: Error) => this.destroy(error),
      );
    return null;
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    if (this.#isOver) return done();
    this.#sending = { chunk, done };
    this.#wake();
  }

  override _final(done: Done): void {
    this.#isEnded = true;
    this.#wake();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#isEnded = true;
    this.#abort.abort();
    this.#finish();
    done(error);
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  /** What is still sent is of no use to anybody. */
  #finish(): void {
    this.#isOver = true;
    const { done } = this.#sending ?? {};
    this.#sending = undefined;
    done?.();
    this.#wake();
  }

  async *#sent(): AsyncGenerator<Uint8Array> {
    while (!this.#isOver) {
      const sending = this.#sending;
      if (sending !== undefined) {
        yield sending.chunk;
        // Whoever asks for more has taken it.
        if (this.#sending === sending) {
          this.#sending = undefined;
          sending.done();
        }
      } else if (this.#isEnded) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
