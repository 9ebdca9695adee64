import type { SoulboxError } from '../../src/errors.ts';
import { toSoulboxError } from '../../src/errors.ts';
import { Condition } from './condition.ts';
import { violation } from './violation.ts';

const largestPiece = 64 * 1024;
/** Far above any window an agent has use for. */
const maximumCredit = 2 ** 30;

export interface StdinSink {
  /** A promise keeps the next piece back until it resolves. */
  write(piece: Uint8Array): void | Promise<void>;
  end(): void;
  fail(error: SoulboxError): void;
}

/** Moves standard input to the agent at the pace of its credit, and so at the program's. */
export class StdinFeed {
  readonly #sink: StdinSink;
  readonly #changed = new Condition();
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #credit = 0;
  #stopped = false;

  constructor(sink: StdinSink) {
    this.#sink = sink;
  }

  /** @throws agent_protocol for a credit of 0 or an absurd sum. */
  grant(bytes: number): void {
    this.#credit += bytes;
    if (bytes === 0 || this.#credit > maximumCredit) throw violation(`a standard input credit of ${bytes} bytes`);
    this.#changed.notify();
  }

  start(source: AsyncIterable<Uint8Array> | undefined): void {
    if (source) void this.#pump(source);
    else this.#sink.end();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#changed.notify();
    void this.#release();
  }

  /** Tells the source that no more is wanted. It may be waiting for bytes that never come, so nothing waits for it. */
  async #release(): Promise<void> {
    try {
      await this.#iterator?.return?.();
    } catch {
      // The run is over; how the source takes it changes nothing.
    }
  }

  async #pump(source: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      this.#iterator = source[Symbol.asyncIterator]();
      for (;;) {
        const { done, value } = await this.#iterator.next();
        if (this.#stopped) return;
        if (done) return this.#sink.end();
        await this.#write(value);
      }
    } catch (error) {
      if (!this.#stopped) this.#sink.fail(toSoulboxError(error));
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      while (this.#credit === 0 && !this.#stopped) await this.#changed.wait();
      if (this.#stopped) return;
      const piece = bytes.subarray(at, at + Math.min(this.#credit, largestPiece));
      this.#credit -= piece.length;
      at += piece.length;
      await this.#sink.write(piece);
    }
  }
}
