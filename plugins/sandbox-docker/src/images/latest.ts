/** Shows values no faster than they are taken: of those that come meanwhile only the last is shown. */
export class Latest<T> {
  readonly #take: (value: T) => Promise<void>;
  #waiting: { readonly value: T } | undefined;
  #busy = false;

  constructor(take: (value: T) => Promise<void>) {
    this.#take = take;
  }

  show(value: T): void {
    this.#waiting = { value };
    if (!this.#busy) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    try {
      for (let next = this.#waiting; next; next = this.#waiting) {
        this.#waiting = undefined;
        await this.#take(next.value);
      }
    } catch {
      // Who does not take what is shown learns of the end by other ways.
    } finally {
      this.#busy = false;
    }
  }
}
