import type { Peer } from './peer.ts';
import { ReferenceTable } from './reference-table.ts';

interface Exported {
  readonly iterator: AsyncIterator<unknown>;
  readonly ended: () => void;
}

/** How values inside a stream cross. */
export interface ItemCodec {
  encode(item: unknown): unknown;
  decode(item: unknown): unknown;
}

/**
 * Iterables across the bridge. Each item is asked for by its consumer, so the consumer sets the pace, and one that stops
 * early stops the producer.
 */
export class Streams {
  private readonly exported = new ReferenceTable<Exported>();
  private readonly peer: Peer;
  private readonly codec: ItemCodec;

  constructor(peer: Peer, codec: ItemCodec) {
    this.peer = peer;
    this.codec = codec;
    peer.on('next', ({ ref }: { ref: number }) => this.advance(ref));
    peer.on('return', ({ ref }: { ref: number }) => this.stop(ref));
  }

  get size(): number {
    return this.exported.size;
  }

  /** Keeps a stream for the other side. `ended` is called once, when it is over or is given up. */
  export(stream: AsyncIterable<unknown>, ended: () => void = () => undefined): number {
    return this.exported.keep({ iterator: stream[Symbol.asyncIterator](), ended });
  }

  private async advance(ref: number): Promise<IteratorResult<unknown>> {
    const { iterator } = this.exported.get(ref);
    try {
      const { done, value } = await iterator.next();
      if (done) this.drop(ref);
      return { done: done === true, value: this.codec.encode(value) };
    } catch (thrown) {
      this.drop(ref);
      throw thrown;
    }
  }

  private async stop(ref: number): Promise<void> {
    await this.drop(ref)?.return?.();
  }

  private drop(ref: number): AsyncIterator<unknown> | undefined {
    const dropped = this.exported.drop(ref);
    dropped?.ended();
    return dropped?.iterator;
  }

  /** Stops a producer of this side whose items nobody will ask for any more. */
  abandon(ref: number): void {
    // What it still has to say about its end, nobody hears.
    void this.stop(ref).catch(() => undefined);
  }

  /** The stream that the other side keeps under a number. */
  import(ref: number): AsyncIterableIterator<unknown> {
    let over = false;
    const finished = { done: true as const, value: undefined };
    const iterator: AsyncIterableIterator<unknown> = {
      next: async () => {
        if (over) return finished;
        try {
          const { done, value } = (await this.peer.call('next', { ref })) as IteratorResult<unknown>;
          over = done === true;
          return { done: over, value: this.codec.decode(value) } as IteratorResult<unknown>;
        } catch (thrown) {
          over = true;
          throw thrown;
        }
      },
      return: async () => {
        if (!over) {
          over = true;
          await this.peer.call('return', { ref });
        }
        return finished;
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  close(): void {
    for (const [ref] of [...this.exported.entries()]) this.abandon(ref);
  }
}
