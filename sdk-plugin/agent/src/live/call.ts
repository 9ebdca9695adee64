import { SoulboxError, toSoulboxError } from '../../../src/errors.ts';
import { Condition } from '../condition.ts';
import { encodeFields, readUnsigned, u32 } from '../fields.ts';
import type { Frame } from '../frame-reader.ts';
import { encodeFrame, encodeHead } from '../request.ts';
import { StdinFeed } from '../stdin-feed.ts';
import { violation } from '../violation.ts';
import { failureOf } from './failures.ts';
import { liveFrame, liveMethod, type LiveMethod } from './frames.ts';
import type { Outbox } from './outbox.ts';

export type RequestFields = readonly (readonly [tag: number, value: Uint8Array])[];

export interface CallOptions {
  readonly input?: AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a call needs of its connection. */
export interface CallLink {
  readonly outbox: Outbox;
  readonly creditBytes: number;
  /** The call has had its last frame. */
  forget(number: number): void;
}

type Outcome = { readonly payload: Buffer } | { readonly error: SoulboxError };

/** The client's side of one channel. Frames of the service come in by {@link receive}; a consumer takes them by {@link next}. */
export class LiveCall {
  readonly #number: number;
  readonly #method: LiveMethod;
  readonly #link: CallLink;
  readonly #changed = new Condition();
  readonly #arrived: Frame[] = [];
  readonly #feeds = new Map<number, StdinFeed>();
  readonly #options: CallOptions;
  readonly #abort = (): void => this.fail(new SoulboxError('cancelled', 'the caller cancelled it'));
  #outcome: Outcome | undefined;
  #credit: number;
  #taken = 0;

  constructor(number: number, method: LiveMethod, link: CallLink, options: CallOptions) {
    this.#number = number;
    this.#method = method;
    this.#link = link;
    this.#options = options;
    this.#credit = link.creditBytes;
  }

  /** @throws payload_too_large */
  start(fields: RequestFields): void {
    const head = [
      [1, Uint8Array.of(liveMethod[this.#method])],
      [2, u32(this.#credit)],
    ] as const;
    const frame = encodeFrame(liveFrame.call, this.#number, encodeFields([...head, ...fields]));
    this.#link.outbox.push(frame);
    const { signal, input } = this.#options;
    if (input) this.feed(0, input);
    signal?.addEventListener('abort', this.#abort, { once: true });
    if (signal?.aborted) this.#abort();
  }

  /** Sends what comes on one of its streams, at the pace of the service; its end is told. */
  feed(stream: number, source: AsyncIterable<Uint8Array>): void {
    const { outbox } = this.#link;
    const feed = new StdinFeed({
      write: (piece) => {
        // The bytes themselves are not copied: a large file would leave much behind for the collector.
        outbox.push(encodeHead(liveFrame.send, this.#number, stream, piece.length));
        outbox.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
        return outbox.isCongested ? outbox.drained() : undefined;
      },
      end: () => outbox.push(encodeFrame(liveFrame.sendEnd, this.#number, Uint8Array.of(stream))),
      fail: (error) => this.fail(error),
    });
    this.#feeds.set(stream, feed);
    feed.start(source);
  }

  /** @throws agent_protocol for what the service may not send now. */
  receive(frame: Frame): void {
    if (frame.type === liveFrame.end) return this.#last({ payload: frame.payload });
    if (frame.type === liveFrame.fail) return this.#last({ error: failureOf(this.#method, frame.payload) });
    if (frame.type === liveFrame.inputCredit) return this.#grant(frame.payload);
    if (frame.type !== liveFrame.data && frame.type !== liveFrame.item)
      throw violation(`frame ${frame.type} in a call`);
    // Of DATA the number of its stream is not counted. Of an ITEM the whole may go beyond what is left.
    if (this.#credit <= 0 && frame.payload.length > 1) throw violation('more than was asked for');
    this.#credit -= frame.type === liveFrame.data ? frame.payload.length - 1 : frame.payload.length;
    // Nobody waits for more of what has failed here already.
    if (this.#outcome) return;
    this.#arrived.push(frame);
    this.#changed.notify();
  }

  #grant(payload: Buffer): void {
    if (payload.length !== 5) throw violation('an input credit of another length');
    const feed = this.#feeds.get(payload[0]!);
    const bytes = readUnsigned(payload.subarray(1), 4, 'input credit');
    if (feed) feed.grant(bytes);
  }

  #last(outcome: Outcome): void {
    this.#link.forget(this.#number);
    this.#settle(outcome);
  }

  #settle(outcome: Outcome): void {
    if (this.#outcome) return;
    this.#outcome = outcome;
    this.#options.signal?.removeEventListener('abort', this.#abort);
    for (const feed of this.#feeds.values()) feed.stop();
    this.#changed.notify();
  }

  /** Ends the call from this side: what still comes is dropped. */
  fail(error: SoulboxError): void {
    if (this.#outcome) return;
    this.#arrived.length = 0;
    this.#link.outbox.push(encodeFrame(liveFrame.cancel, this.#number));
    this.#settle({ error });
  }

  /** The connection is over. */
  lose(error: SoulboxError): void {
    this.#settle({ error });
  }

  /** The next DATA or ITEM; `undefined` when there are no more. @throws what the call failed with. */
  async next(): Promise<Frame | undefined> {
    while (this.#arrived.length === 0 && !this.#outcome) await this.#changed.wait();
    const frame = this.#arrived.shift();
    if (frame) {
      this.#replenish(frame.payload.length);
      return frame;
    }
    if (this.#outcome && 'error' in this.#outcome) throw this.#outcome.error;
    return undefined;
  }

  #replenish(bytes: number): void {
    this.#taken += bytes;
    if (this.#outcome || this.#taken < this.#link.creditBytes / 2) return;
    this.#credit += this.#taken;
    this.#link.outbox.push(encodeFrame(liveFrame.credit, this.#number, u32(this.#taken)));
    this.#taken = 0;
  }

  /** What END says; anything before it that nobody took is not wanted. @throws what the call failed with. */
  async result(): Promise<Buffer> {
    while (!this.#outcome) {
      if (this.#arrived.length > 0) throw this.#unasked();
      await this.#changed.wait();
    }
    if ('error' in this.#outcome) throw this.#outcome.error;
    return this.#outcome.payload;
  }

  #unasked(): SoulboxError {
    const error = violation('what nobody asked for');
    this.fail(error);
    return error;
  }

  /** Each DATA or ITEM as `decode` has it. Leaving early cancels. */
  async *each<T>(decode: (frame: Frame) => T): AsyncGenerator<T, Buffer, undefined> {
    try {
      for (let frame; (frame = await this.next());) yield decode(frame);
      return await this.result();
    } catch (thrown) {
      const error = toSoulboxError(thrown);
      this.fail(error);
      throw error;
    } finally {
      this.fail(new SoulboxError('cancelled', 'nobody reads it any more'));
    }
  }
}
