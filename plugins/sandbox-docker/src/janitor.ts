import { SoulboxError, z } from '@soulbox/plugin-sdk';
import { removeContainer } from './container.ts';
import type { Engine } from './engine.ts';
import { labelNames } from './labels.ts';
import type { Names } from './names.ts';
import type { Owner } from './owner.ts';

const ListSchema = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
);

/** How often it looks while something of this driver may be there that nobody knows of, and for how long. */
const urgentMs = 1000;
const urgentLooks = 15;

export interface JanitorOptions {
  readonly engine: Engine;
  readonly owner: Owner;
  readonly names: Names;
  readonly deploymentId: string;
  readonly everyMs: number;
  /** Whether a sandbox that stays is recorded: the next host takes it over. */
  isRecorded(id: string): Promise<boolean>;
}

/** Takes away containers of this deployment that are nobody's, at once and again and again. Never a foreign one. */
export class Janitor {
  readonly #options: JanitorOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<number> | undefined;
  #urgent = 0;
  #stopped = false;

  constructor(options: JanitorOptions) {
    this.#options = options;
  }

  /** Looks from now on. */
  start(): void {
    if (this.#timer || this.#stopped) return;
    this.#schedule();
  }

  /** Something was given up, and may be there, now or later. */
  hurry(): void {
    this.#urgent = urgentLooks;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking?.catch(() => undefined);
  }

  /** `withinMs` is for the answer to what there is. @returns how many containers it removed. @throws as {@link Engine.call} */
  reconcile(withinMs?: number): Promise<number> {
    this.#looking ??= this.#look(withinMs).finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  #schedule(): void {
    this.#timer = setTimeout(() => void this.#tick(), this.#urgent > 0 ? urgentMs : this.#options.everyMs);
    this.#timer.unref();
  }

  async #tick(): Promise<void> {
    try {
      await this.reconcile();
      // Only looks that the engine answered count.
      if (this.#urgent > 0) this.#urgent--;
    } catch {
      // The circuit knows; the next look tells.
    }
    if (!this.#stopped) this.#schedule();
  }

  async #look(withinMs?: number): Promise<number> {
    const { engine, owner, names, deploymentId, isRecorded } = this.#options;
    const filters = JSON.stringify({ label: [`${labelNames.deployment}=${deploymentId}`] });
    const containers = await engine.ask(
      ListSchema,
      'list its containers',
      (docker, abortSignal) => docker.listContainers({ all: true, filters, abortSignal }),
      withinMs === undefined ? {} : { deadlineMs: withinMs },
    );
    const now = Date.now();
    const condemned: typeof containers = [];
    for (const container of containers) {
      const given = container.Labels ?? {};
      const stays = given[labelNames.stays];
      const isNobodys = owner.isOfThisDriver(given)
        ? container.Names.every((name) => !names.isUsed(name.replace(/^\//, '')))
        : owner.isAbandoned(given, now) && !(stays !== undefined && (await isRecorded(stays)));
      if (isNobodys) condemned.push(container);
    }
    const removed = await Promise.allSettled(condemned.map(({ Id }) => removeContainer(engine, Id)));
    const failed = removed.find((result) => result.status === 'rejected');
    if (failed)
      throw new SoulboxError('runtime_unavailable', 'containers could not be removed', { cause: failed.reason });
    return condemned.length;
  }
}
