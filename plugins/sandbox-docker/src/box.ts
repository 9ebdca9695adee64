import {
  SoulboxError,
  type BoxStats,
  type RunEvent,
  type RunOptions,
  type RunSpec,
  type SandboxInfo,
  type SandboxSpec,
  type SandboxStats,
  type WarmDemand,
} from '@soulbox/plugin-sdk';
import type { LiveBox } from '@soulbox/plugin-sdk/agent';
import { Container, type ContainerMakers } from './container.ts';
import type { ContainerPlan } from './container-options.ts';
import { sumOfStats } from './container-stats.ts';

export interface BoxPlan extends Omit<ContainerPlan, 'uid' | 'name'> {
  readonly id: string;
  /** The name of its image. */
  readonly reference: string;
  /** Of the client, and known to this process only. */
  readonly clientLabels: SandboxSpec['labels'];
  /** The beginning of the names of its containers. */
  readonly prefix: string;
}

/** A box of one tenant, whatever it is made of. */
export interface DockerBox extends LiveBox {
  run(spec: RunSpec, options: RunOptions): AsyncIterable<RunEvent>;
  /** The engine says that this container is dead. */
  lose(containerId: string): void;
}

/** @throws what {@link Container.start} throws. */
export async function makeBox(plan: BoxPlan, makers: ContainerMakers, signal: AbortSignal): Promise<DockerBox> {
  const first = await Container.start({ ...plan, name: `${plan.prefix}-0` }, makers, signal);
  return plan.walls === 'inner' ? new InnerBox(plan, first) : new SuccessiveBox(plan, first, makers);
}

function infoOf({ id, clientLabels, reference, imageId }: BoxPlan, createdAt: string, isOver: boolean): SandboxInfo {
  const image = { reference, digest: imageId };
  return { id, state: isOver ? 'exited' : 'running', createdAt, labels: clientLabels, image };
}

/** One container, in which each execution has an inner box. */
class InnerBox implements DockerBox {
  readonly #plan: BoxPlan;
  readonly #container: Container;
  readonly #createdAt = new Date().toISOString();

  constructor(plan: BoxPlan, container: Container) {
    this.#plan = plan;
    this.#container = container;
  }

  get id(): string {
    return this.#plan.id;
  }

  get info(): SandboxInfo {
    return infoOf(this.#plan, this.#createdAt, this.#container.connection.isOver);
  }

  run(spec: RunSpec, options: RunOptions): AsyncIterable<RunEvent> {
    return this.#container.connection.run(spec, options);
  }

  ping(withinMs: number): Promise<void> {
    return this.#container.connection.ping(withinMs);
  }

  stats(withinMs: number): Promise<BoxStats> {
    return this.#container.stats(withinMs);
  }

  warm(demand: WarmDemand): void {
    this.#container.connection.warm(demand);
  }

  lose(containerId: string): void {
    if (containerId === this.#container.id) this.#container.lose();
  }

  destroy(): Promise<void> {
    return this.#container.remove();
  }
}

/** A container for each execution; the next one is made while nobody waits for it. */
class SuccessiveBox implements DockerBox {
  readonly #plan: BoxPlan;
  readonly #makers: ContainerMakers;
  readonly #createdAt = new Date().toISOString();
  readonly #stopping = new AbortController();
  readonly #containers = new Set<Container>();
  readonly #ends = new Set<Promise<void>>();
  #spare: Promise<Container> | undefined;
  #made = 1;
  /** What executions used whose containers are gone. */
  #endedCpuMs = 0;

  constructor(plan: BoxPlan, first: Container, makers: ContainerMakers) {
    this.#plan = plan;
    this.#makers = makers;
    this.#containers.add(first);
    this.#spare = Promise.resolve(first);
  }

  get id(): string {
    return this.#plan.id;
  }

  get info(): SandboxInfo {
    return infoOf(this.#plan, this.#createdAt, this.#stopping.signal.aborted);
  }

  async *run(spec: RunSpec, options: RunOptions): AsyncIterable<RunEvent> {
    const container = await this.#take();
    this.#prepare();
    let cpuMs = 0;
    try {
      for await (const event of container.connection.run(spec, options)) {
        if (event.type === 'end') cpuMs = event.outcome.stages.reduce((sum, { usage }) => sum + usage.cpuMs, 0);
        yield event;
      }
    } finally {
      this.#endedCpuMs += cpuMs;
      this.#end(container);
    }
  }

  async ping(withinMs: number): Promise<void> {
    await (await this.#spare)?.connection.ping(withinMs);
  }

  /** Of every container there is; those whose end comes in between are passed over. */
  async stats(withinMs: number): Promise<BoxStats> {
    const answers = await Promise.allSettled([...this.#containers].map((container) => container.stats(withinMs)));
    const told = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const box = sumOfStats(told.map((each) => each.box));
    const runs: Record<string, SandboxStats> = Object.assign({}, ...told.map((each) => each.runs));
    return { box: { ...box, cpuMs: box.cpuMs === null ? null : box.cpuMs + this.#endedCpuMs }, runs };
  }

  warm(): void {
    throw new SoulboxError('unsupported', 'no programs can wait where each execution has a container of its own');
  }

  lose(containerId: string): void {
    for (const container of this.#containers) if (container.id === containerId) container.lose();
  }

  async destroy(): Promise<void> {
    this.#stopping.abort();
    await this.#spare?.catch(() => undefined);
    for (const container of this.#containers) this.#end(container);
    await Promise.all(this.#ends);
  }

  /** The one that waits, unless that died meanwhile. */
  async #take(): Promise<Container> {
    const spare = this.#spare;
    this.#spare = undefined;
    const waiting = await spare?.catch(() => undefined);
    if (waiting && !waiting.connection.isOver) return waiting;
    if (waiting) this.#end(waiting);
    return this.#make();
  }

  #prepare(): void {
    if (this.#spare || this.#stopping.signal.aborted) return;
    this.#spare = this.#make();
    // Who takes it makes another where this one failed.
    this.#spare.catch(() => undefined);
  }

  async #make(): Promise<Container> {
    const name = `${this.#plan.prefix}-${this.#made++}`;
    const container = await Container.start({ ...this.#plan, name }, this.#makers, this.#stopping.signal);
    this.#containers.add(container);
    return container;
  }

  #end(container: Container): void {
    if (!this.#containers.delete(container)) return;
    const ending = container.remove().finally(() => this.#ends.delete(ending));
    this.#ends.add(ending);
  }
}
