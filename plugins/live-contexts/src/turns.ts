import { SoulboxError } from '@soulbox/plugin-sdk';

/** One after another, in the order in which they came. */
export class Turns {
  readonly #most: number;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #generation = 0;
  #isBusy = false;

  constructor(most: number) {
    this.#most = most;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Whoever waits is refused, by its turn at the latest. */
  refuseWaiting(): void {
    this.#generation += 1;
  }

  /** @throws overloaded when too many wait, conflict when {@link refuseWaiting} came first, cancelled */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#most + (this.#isBusy ? 0 : 1))
      throw new SoulboxError('overloaded', 'too many cells wait in this context', { details: { retryAfterMs: 1_000 } });
    const generation = this.#generation;
    this.#waiting += 1;
    const before = this.#last;
    const turn = (async () => {
      await before.catch(() => undefined);
      this.#waiting -= 1;
      if (signal.aborted) throw new SoulboxError('cancelled', 'the caller left before its turn');
      if (generation !== this.#generation) throw new SoulboxError('conflict', 'the context was restarted or deleted');
      this.#isBusy = true;
      try {
        return await work();
      } finally {
        this.#isBusy = false;
      }
    })();
    this.#last = turn;
    return turn;
  }
}
