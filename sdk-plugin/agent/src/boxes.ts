import type { HealthStatus } from '../../src/plugin.ts';
import type { BoxStats, RunEvent, SandboxInfo, WarmDemand } from '../../src/contracts/sandbox.ts';
import { SoulboxError, toSoulboxError } from '../../src/errors.ts';

/** What a driver's own kind of box must offer. */
export interface LiveBox {
  readonly id: string;
  readonly info: SandboxInfo;
  /** @throws sandbox_lost if it does not answer in time. */
  ping(withinMs: number): Promise<void>;
  /** What it and the runs in it use. */
  stats(withinMs: number): Promise<BoxStats>;
  /** From now on, as many of a program wait in it. @throws unsupported, sandbox_lost, payload_too_large, invalid_params */
  warm(demand: WarmDemand): void;
  /** Resolves once nothing of it is left; a second call waits for the first. */
  destroy(): Promise<void>;
}

/** The boxes of one driver, from the moment they are asked for until nothing of them is left. */
export class Boxes<B extends LiveBox> {
  readonly #boxes = new Map<string, B>();
  readonly #making = new Map<Promise<B>, AbortController>();
  #lastFailure: SoulboxError | undefined;
  #closed = false;

  [Symbol.iterator](): Iterator<B> {
    return this.#boxes.values();
  }

  get(id: string): B | undefined {
    return this.#boxes.get(id);
  }

  /** `build` leaves nothing behind where it rejects. @throws cancelled when the signal or {@link dispose} comes first. */
  async make(build: (signal: AbortSignal) => Promise<B>, signal: AbortSignal): Promise<SandboxInfo> {
    if (signal.aborted || this.#closed)
      throw new SoulboxError('cancelled', 'the caller cancelled it, or the driver is stopping');
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    signal.addEventListener('abort', abort, { once: true });
    const making = build(controller.signal);
    this.#making.set(making, controller);
    try {
      const box = await making;
      this.#boxes.set(box.id, box);
      this.#lastFailure = undefined;
      return box.info;
    } catch (thrown) {
      const error = toSoulboxError(thrown);
      if (['sandbox_unavailable', 'runtime_unavailable'].includes(error.code)) this.#lastFailure = error;
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#making.delete(making);
    }
  }

  async destroy(id: string): Promise<void> {
    await this.#boxes.get(id)?.destroy();
    this.#boxes.delete(id);
  }

  /** @throws not_found, sandbox_lost if its agent does not answer in time. */
  async stats(id: string, withinMs: number): Promise<BoxStats> {
    return this.#known(id).stats(withinMs);
  }

  /** As {@link SandboxDriver.warm}. @throws not_found, sandbox_lost, unsupported */
  async warm(id: string, demand: WarmDemand): Promise<void> {
    this.#known(id).warm(demand);
  }

  #known(id: string): B {
    const box = this.#boxes.get(id);
    if (!box) throw notFound(id);
    return box;
  }

  list(): readonly SandboxInfo[] {
    return [...this.#boxes.values()].map((box) => box.info);
  }

  /** Whether boxes can be made, as far as the last attempt shows, and whether those there are answer. */
  async health(withinMs: number): Promise<HealthStatus> {
    if (this.#lastFailure) return { status: 'down', detail: this.#lastFailure.message };
    const pings = [...this.#boxes.values()].map((box) => box.ping(withinMs));
    const dead = (await Promise.allSettled(pings)).filter(({ status }) => status === 'rejected').length;
    return dead > 0 ? { status: 'degraded', detail: `sandboxes that died: ${dead}` } : { status: 'up' };
  }

  /** Destroys every box, also those that are being made; afterwards none can be made. */
  async dispose(): Promise<void> {
    this.#closed = true;
    for (const controller of this.#making.values()) controller.abort();
    await Promise.allSettled(this.#making.keys());
    await Promise.all([...this.#boxes.keys()].map((id) => this.destroy(id)));
  }
}

/** The events of a run in a sandbox that is not there: rejects with `not_found`. */
export function noSuchSandbox(id: string): AsyncIterable<RunEvent> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(notFound(id)) }) };
}

function notFound(id: string): SoulboxError {
  return new SoulboxError('not_found', 'there is no such sandbox', { details: { id } });
}
