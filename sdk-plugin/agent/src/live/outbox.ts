import { Condition } from '../condition.ts';

/** What is larger goes as it is; what is smaller is gathered, as far as it is not much. */
const largePiece = 16 * 1024;
/** Beyond so much, whoever can wait should. */
const muchBytes = 1024 * 1024;

/** What is to be sent, in order, as the iterable that a driver reads from. */
export class Outbox implements AsyncIterable<Uint8Array> {
  readonly #changed = new Condition();
  #frames: Buffer[] = [];
  #bytes = 0;
  #closed = false;

  push(frame: Buffer): void {
    if (this.#closed) return;
    this.#frames.push(frame);
    this.#bytes += frame.length;
    this.#changed.notify();
  }

  close(): void {
    this.#closed = true;
    this.#frames = [];
    this.#bytes = 0;
    this.#changed.notify();
  }

  get isCongested(): boolean {
    return this.#bytes > muchBytes;
  }

  /** Resolves when there is room again, or nothing is sent any more. */
  async drained(): Promise<void> {
    while (this.isCongested) await this.#changed.wait();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      while (this.#frames.length === 0 && !this.#closed) await this.#changed.wait();
      if (this.#closed) return;
      yield this.#take();
    }
  }

  #take(): Buffer {
    let count = 0;
    let bytes = 0;
    for (const { length } of this.#frames) {
      if (count > 0 && bytes + length > largePiece) break;
      bytes += length;
      count++;
    }
    const taken = this.#frames.splice(0, count);
    this.#bytes -= bytes;
    this.#changed.notify();
    return count === 1 ? taken[0]! : Buffer.concat(taken, bytes);
  }
}
