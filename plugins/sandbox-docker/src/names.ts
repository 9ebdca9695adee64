/**
 * The names of this driver's containers: in use, or given up. A name is given up when its container is to be removed and
 * that has not been seen to happen, be it that the engine did not answer, or that it may yet come to be.
 */
export class Names {
  readonly #used = new Set<string>();
  readonly #onAbandoned: () => void;

  constructor(onAbandoned: () => void) {
    this.#onAbandoned = onAbandoned;
  }

  take(name: string): void {
    this.#used.add(name);
  }

  free(name: string): void {
    this.#used.delete(name);
  }

  abandon(name: string): void {
    this.#used.delete(name);
    this.#onAbandoned();
  }

  isUsed(name: string): boolean {
    return this.#used.has(name);
  }
}
