import type { SoulboxError } from '@soulbox/plugin-sdk';

const firstPauseMs = 100;
const longestPauseMs = 5000;

/**
 * Keeps callers from waiting for an engine that is known not to answer. After a failure everything fails at once with
 * the same error, until a pause is over; then one call tries again, and each further failure doubles the pause.
 */
export class Circuit {
  readonly #now: () => number;
  #failure: SoulboxError | undefined;
  #pauseMs = firstPauseMs;
  #opensAt = 0;
  #isTrying = false;
  #hasAnswered = false;

  /** `now` tells monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The last failure, while there was no success since. */
  get failure(): SoulboxError | undefined {
    return this.#failure;
  }

  /** Whether the engine has ever answered. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** What to fail with instead of trying; `undefined` means try. */
  enter(): SoulboxError | undefined {
    if (!this.#failure) return undefined;
    if (this.#isTrying || this.#now() < this.#opensAt) return this.#failure;
    this.#isTrying = true;
    return undefined;
  }

  succeeded(): void {
    this.#hasAnswered = true;
    this.#failure = undefined;
    this.#isTrying = false;
    this.#pauseMs = firstPauseMs;
  }

  failed(error: SoulboxError): void {
    this.#failure = error;
    this.#isTrying = false;
    this.#opensAt = this.#now() + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }

  /** The call ended without telling anything about the engine. */
  left(): void {
    this.#isTrying = false;
  }
}
