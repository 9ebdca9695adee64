import type { Duplex } from 'node:stream';
import { SoulboxError } from '@soulbox/plugin-sdk';

const longestTimerMs = 2 ** 31 - 1;

/** The connections that each preview and mapped port has at the moment, so that they can be bounded and cut. */
export class Uses {
  readonly #most: number;
  readonly #open = new Map<string, Set<Duplex>>();

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Counts a connection until it closes or `leave` is called; it is cut where `expiresAt` comes first.
   * @throws overloaded
   */
  enter(id: string, socket: Duplex, expiresAt: string | null = null): { leave(): void } {
    const open = this.#open.get(id) ?? new Set();
    if (open.size >= this.#most)
      throw new SoulboxError('overloaded', 'too many connections', { details: { retryAfterMs: 1_000 } });
    this.#open.set(id, open.add(socket));
    const leftMs = expiresAt === null ? Infinity : Date.parse(expiresAt) - Date.now();
    const timer = leftMs <= longestTimerMs ? setTimeout(() => socket.destroy(), leftMs) : undefined;
    const leave = () => {
      clearTimeout(timer);
      socket.off('close', leave);
      open.delete(socket);
      if (open.size === 0 && this.#open.get(id) === open) this.#open.delete(id);
    };
    socket.once('close', leave);
    return { leave };
  }

  /** Ends all that are open. */
  cut(id: string): void {
    for (const socket of this.#open.get(id) ?? []) socket.destroy();
  }
}
