import { SoulboxError, type LiveSpec, type SandboxInfo } from '@soulbox/plugin-sdk';
import { LiveRecords, type HostIdentity } from '@soulbox/plugin-sdk/agent';
import { Container, removeContainer, type ContainerMakers } from './container.ts';
import type { ContainerPlan } from './container-options.ts';
import { LiveContainer, MadeSchema, stateOf, type Made, type WholeRecord } from './live-container.ts';

export interface LiveContainerPlan extends Omit<ContainerPlan, 'uid' | 'live'> {
  /** The name of its image. */
  readonly reference: string;
}

/** The containers that stay, of this host and of those before it. */
export class LiveContainers {
  readonly #records: LiveRecords<Made>;
  readonly #identity: HostIdentity;
  readonly #containers = new Map<string, LiveContainer>();

  /** `folder` is where their records are. */
  constructor(folder: string, identity: HostIdentity) {
    this.#records = new LiveRecords(folder, MadeSchema);
    this.#identity = identity;
  }

  get(id: string): LiveContainer | undefined {
    return this.#containers.get(id);
  }

  list(): Promise<SandboxInfo[]> {
    return Promise.all([...this.#containers.values()].map((container) => container.info()));
  }

  /** @throws invalid_params, conflict, and what {@link Container.start} throws; nothing is left then. */
  async create(
    spec: LiveSpec,
    plan: LiveContainerPlan,
    makers: ContainerMakers,
    signal: AbortSignal,
  ): Promise<SandboxInfo> {
    const { id, limits, gateway } = spec;
    const record = this.#records.begin(spec, this.#identity);
    if (this.#containers.has(id)) throw new SoulboxError('conflict', 'there is a sandbox of this id');
    // First of all: what is made meanwhile can then be found and taken away, should this host be killed.
    await this.#records.write({ ...record, made: madeOf(plan, 0) });
    try {
      const started = await Container.start({ ...plan, live: { ...limits, gateway } }, makers, signal);
      const whole = { ...record, made: madeOf(plan, started.uid) };
      await this.#records.write(whole).catch(async (error: unknown) => {
        await started.remove();
        throw error;
      });
      this.#containers.set(id, new LiveContainer(whole, makers, started.leave()));
    } catch (error) {
      await this.#records.remove(id);
      throw error;
    }
    return this.#containers.get(id)!.info();
  }

  /** Takes over those whose host is gone. @throws runtime_unavailable where the engine does not tell of them */
  async adopt(find: () => Promise<ContainerMakers>): Promise<SandboxInfo[]> {
    const orphans = await this.#orphans();
    if (orphans.length === 0) return [];
    const makers = await find();
    const adopted: SandboxInfo[] = [];
    for (const record of orphans) {
      if ((await stateOf(makers.engine, record.made.container)) === 'exited') continue;
      await this.#records.write({ ...record, host: this.#identity.label });
      const container = new LiveContainer(record, makers, await makers.uids.keep(record.made.uid));
      this.#containers.set(record.id, container);
      adopted.push(await container.info());
    }
    return adopted;
  }

  /** Takes away what is left of those that ended without their host. @returns how many. */
  async reconcile({ engine }: Pick<ContainerMakers, 'engine'>): Promise<number> {
    let removed = 0;
    for (const { id, made } of await this.#orphans()) {
      if ((await stateOf(engine, made.container)) !== 'exited') continue;
      await removeContainer(engine, made.container);
      await this.#records.remove(id);
      removed++;
    }
    return removed;
  }

  async isRecorded(id: string): Promise<boolean> {
    return (await this.#records.all()).some((record) => record.id === id);
  }

  /** Whether there was one. Its record stays where the engine could not take it away. */
  async destroy(id: string): Promise<boolean> {
    const container = this.#containers.get(id);
    await container?.destroy();
    if (container) await this.#records.remove(id);
    return this.#containers.delete(id);
  }

  async #orphans(): Promise<WholeRecord[]> {
    const orphans = await this.#records.orphans(this.#identity);
    return orphans.filter((record): record is WholeRecord => record.made !== null);
  }
}

function madeOf({ name, reference, imageId }: LiveContainerPlan, uid: number): Made {
  return { container: name, uid, reference, imageId };
}
