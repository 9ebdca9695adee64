import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from '@soulbox/plugin-sdk';
import type { Engine } from './engine.ts';
import { labelNames } from './labels.ts';

const EventSchema = z.object({ Action: z.string(), Actor: z.object({ ID: z.string() }) });
const pauseMs = 1000;
const longestEvent = 65_536;

export interface DeathsOptions {
  readonly engine: Engine;
  readonly deploymentId: string;
  /** Told the id of each container of the deployment that died or was removed. */
  readonly onDeath: (containerId: string) => void;
}

/** Follows the events of the engine, as long as there is one, for deaths that no connection has shown yet. */
export class Deaths {
  readonly #options: DeathsOptions;
  readonly #stopping = new AbortController();
  #following: Promise<void> | undefined;
  #stream: Readable | undefined;

  constructor(options: DeathsOptions) {
    this.#options = options;
  }

  start(): void {
    if (!this.#stopping.signal.aborted) this.#following ??= this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#stream?.destroy();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#read();
      } catch {
        // Without events, a death is known by the end of its connection.
      }
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #read(): Promise<void> {
    const { engine, deploymentId, onDeath } = this.#options;
    const filters = {
      type: ['container'],
      event: ['die', 'destroy'],
      label: [`${labelNames.deployment}=${deploymentId}`],
    };
    const events = await engine.call(
      'report its events',
      (docker, abortSignal) => docker.getEvents({ filters, abortSignal } as object),
      { signal: this.#stopping.signal },
    );
    this.#stream = events as Readable;
    let rest = '';
    for await (const chunk of this.#stream) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop()!.slice(-longestEvent);
      for (const line of lines) {
        const event = EventSchema.safeParse(parsed(line));
        if (event.success) onDeath(event.data.Actor.ID);
      }
    }
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
