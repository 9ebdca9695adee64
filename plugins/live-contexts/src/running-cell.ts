import type { LiveAgent } from '@soulbox/plugin-sdk';
import { endInterpreter } from './interpreter.ts';

/** Node.js has no handler for a moment when it begins with a cell, and again when the part before the first await is over. */
const settledMs = 50;

/** Interrupts a cell, but not before it runs: an interpreter between cells takes no notice. */
export class RunningCell {
  readonly #agent: LiveAgent;
  readonly #process: number;
  readonly #graceMs: number;
  #hasSettled = false;
  #isInterrupted = false;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(agent: LiveAgent, process: number, graceMs: number) {
    this.#agent = agent;
    this.#process = process;
    this.#graceMs = graceMs;
  }

  started(): void {
    const settled = setTimeout(() => {
      this.#hasSettled = true;
      if (this.#isInterrupted) this.#send();
    }, settledMs);
    this.#timers.push(settled);
  }

  /** Where that does not help, the interpreter is ended. */
  interrupt(): void {
    if (this.#isInterrupted) return;
    this.#isInterrupted = true;
    // Some interpreters may just have been about to listen: one more is sent.
    const again = setTimeout(() => this.#send(), this.#graceMs / 2);
    const end = setTimeout(() => void endInterpreter(this.#agent, this.#process), this.#graceMs);
    this.#timers.push(again, end);
    if (this.#hasSettled) this.#send();
  }

  ended(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #send(): void {
    void this.#agent.kill(this.#process, 'SIGINT', { session: true }).catch(() => undefined);
  }
}
