const longestTimer = 2 ** 31 - 1;

/** One deadline at a time; setting another replaces it. */
export class Watchdog {
  readonly #onOverdue: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onOverdue: () => void) {
    this.#onOverdue = onOverdue;
  }

  expect(withinMs: number): void {
    this.clear();
    this.#timer = setTimeout(this.#onOverdue, Math.min(withinMs, longestTimer));
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
