import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import {
  SoulboxError,
  toSoulboxError,
  type BoxStats,
  type DriverReport,
  type HealthStatus,
  type ImageReport,
  type LiveSpec,
  type RunEvent,
  type RunOptions,
  type RunSpec,
  type SandboxDriver,
  type SandboxInfo,
  type SandboxSpec,
  type WarmDemand,
} from '@soulbox/plugin-sdk';
import {
  Boxes,
  locateAgent,
  noSuchSandbox,
  probeWithCanary,
  removeStaleSecrets,
  UidBlocks,
  unavailable,
} from '@soulbox/plugin-sdk/agent';
import { adviceFor, adviceOf } from './advice.ts';
import { makeBox, type BoxPlan, type DockerBox } from './box.ts';
import { canaryImage, digestOf, importCanaryImage } from './canary-image.ts';
import type { Walls } from './container-options.ts';
import type { ContainerMakers } from './container.ts';
import { Deaths } from './deaths.ts';
import { engineFacts, type EngineFacts } from './engine-facts.ts';
import { Engine } from './engine.ts';
import { checkImage, usableDigest } from './image-check.ts';
import type { ImageMakers } from './images/builder.ts';
import { Janitor } from './janitor.ts';
import { labelNames } from './labels.ts';
import type { LiveContainer } from './live-container.ts';
import { LiveContainers } from './live-containers.ts';
import { Names } from './names.ts';
import { Owner } from './owner.ts';
import { Remembered } from './remembered.ts';
import type { Settings } from './settings.ts';
import { workingWalls } from './walls.ts';

export { SettingsSchema, type Settings } from './settings.ts';

/** How long questions may take that hold others up: the start of a host, and what it tells of its health. */
const soonMs = 800;
/** For an engine whose containers have the first 65,536 uids only. */
const fewUids = { base: 20_000, count: 1, blocks: 40_000 };

export interface DockerDriverOptions {
  readonly deploymentId: string;
  readonly settings: Settings;
  /** Finds the agent's program. Default: the one that was built with the SDK. */
  readonly locate?: () => string;
  /** An absolute folder of the host's own. Of the paths that boxes ask for, none but what lies in it is shown. */
  readonly folder?: string;
  /** Where containers that stay are recorded; without it there are none. */
  readonly stateDir?: string;
}

/** What is found out of the engine once, and kept as long as it works. */
interface Workshop {
  readonly facts: EngineFacts;
  readonly uids: UidBlocks;
}

/** Boxes made of containers of a Docker engine, each with an agent as its first process. */
export class DockerDriver implements SandboxDriver {
  readonly #settings: Settings;
  readonly #deploymentId: string;
  readonly #locate: () => string;
  readonly #folder: string | undefined;
  readonly #engine: Engine;
  readonly #owner: Owner;
  readonly #names: Names;
  readonly #janitor: Janitor;
  readonly #deaths: Deaths;
  readonly #live: LiveContainers | undefined;
  readonly #boxes = new Boxes<DockerBox>();
  readonly #workshop = new Remembered<Workshop>();
  readonly #walls = new Remembered<Walls>();
  #agentDigest: Promise<string | undefined> | undefined;

  constructor({ deploymentId, settings, locate = locateAgent, folder, stateDir }: DockerDriverOptions) {
    if (!/^[A-Za-z0-9_.-]{1,64}$/.test(deploymentId))
      throw new SoulboxError('config_invalid', 'the deployment id must be 1 to 64 letters, digits, dots, - or _');
    this.#settings = settings;
    this.#deploymentId = deploymentId;
    this.#locate = locate;
    this.#folder = folder;
    const engine = (this.#engine = new Engine(settings));
    const owner = (this.#owner = new Owner(deploymentId));
    const names = (this.#names = new Names(() => this.#janitor.hurry()));
    const isRecorded = async (id: string) => (await this.#live?.isRecorded(id)) ?? false;
    this.#janitor = new Janitor({ engine, owner, names, deploymentId, everyMs: settings.reconcileMs, isRecorded });
    this.#live = stateDir === undefined ? undefined : new LiveContainers(stateDir, owner.identity);
    this.#deaths = new Deaths({ engine, deploymentId, onDeath: (id) => this.#lose(id) });
  }

  /** What images are built and tried with: this driver's engine, agent and boxes. */
  get imageMakers(): ImageMakers {
    return { engine: this.#engine, driver: this, settings: this.#settings.images, locate: this.#locate };
  }

  async probe({ signal }: { readonly signal: AbortSignal }): Promise<DriverReport> {
    try {
      const report = await probeWithCanary(this, {
        program: this.#locate(),
        deploymentId: this.#deploymentId,
        identity: this.#owner.identity,
        adviceFor,
        signal,
      });
      if (!report.available) return { ...report, toolchains: 'image' };
      const walls = await this.#chosenWalls(signal);
      const more =
        walls === 'inner'
          ? [...(['warm'] as const), ...(this.#live ? (['live', 'pause', 'network-policy'] as const) : [])]
          : [];
      const capabilities = [...report.capabilities, ...more];
      return { ...report, capabilities, toolchains: 'image' };
    } catch (thrown) {
      return { ...unavailable(toSoulboxError(thrown).message, adviceOf(thrown)), toolchains: 'image' };
    }
  }

  create(spec: SandboxSpec, { signal }: { readonly signal: AbortSignal }): Promise<SandboxInfo> {
    return this.#boxes.make((stop) => this.#build(spec, stop), signal);
  }

  run(sandboxId: string, spec: RunSpec, options: RunOptions): AsyncIterable<RunEvent> {
    return this.#boxes.get(sandboxId)?.run(spec, options) ?? noSuchSandbox(sandboxId);
  }

  async createLive(spec: LiveSpec, { signal }: { readonly signal: AbortSignal }): Promise<SandboxInfo> {
    const { mounts, image, id, labels } = spec;
    if (mounts.length > 0) throw new SoulboxError('unsupported', 'this driver lacks the capability "volumes"');
    if (!this.#live) throw new SoulboxError('unsupported', 'this driver has no folder for sandboxes that stay');
    const makers = await this.#makers(signal);
    if ((await this.#chosenWalls(signal)) !== 'inner')
      throw new SoulboxError('unsupported', 'sandboxes stay only where boxes can be made within a container');
    const reference = image ?? this.#settings.image ?? (await this.#canaryImage(signal));
    const parts = { labels, paths: [] };
    const plan = await this.#plan(id, reference, makers.facts, 'inner', parts, signal);
    const marks = { ...plan.labels, [labelNames.stays]: id };
    return this.#live.create(spec, { ...plan, name: plan.prefix, labels: marks }, makers, signal);
  }

  async *connect(
    sandboxId: string,
    input: AsyncIterable<Uint8Array>,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array> {
    yield* this.#liveContainer(sandboxId).connect(input, signal);
  }

  async adopt(): Promise<readonly SandboxInfo[]> {
    return (await this.#live?.adopt(() => this.#makers(AbortSignal.timeout(soonMs)))) ?? [];
  }

  async pause(sandboxId: string): Promise<void> {
    await this.#liveContainer(sandboxId).setPaused(true);
  }

  async resume(sandboxId: string): Promise<void> {
    await this.#liveContainer(sandboxId).setPaused(false);
  }

  stats(sandboxId: string): Promise<BoxStats> {
    const live = this.#live?.get(sandboxId);
    if (live) return live.stats();
    return this.#boxes.stats(sandboxId, this.#settings.graceMs);
  }

  warm(sandboxId: string, demand: WarmDemand): Promise<void> {
    return this.#boxes.warm(sandboxId, demand);
  }

  async destroy(sandboxId: string): Promise<void> {
    if (!(await this.#live?.destroy(sandboxId))) await this.#boxes.destroy(sandboxId);
  }

  async list(): Promise<readonly SandboxInfo[]> {
    return [...this.#boxes.list(), ...((await this.#live?.list()) ?? [])];
  }

  async image(reference: string, { signal }: { readonly signal: AbortSignal }): Promise<ImageReport> {
    const { facts } = await this.#prepared(signal);
    const agent = await this.#agent();
    return checkImage(this.#engine, reference, { architecture: facts.architecture, agent }, signal);
  }

  /** Where the engine does not answer soon, there is nothing to wait for: it is cleared up once it does. */
  async reconcile(): Promise<number> {
    const secrets = await removeStaleSecrets(this.#deploymentId, this.#owner.identity);
    try {
      const containers = await this.#janitor.reconcile(soonMs);
      return secrets + containers + ((await this.#live?.reconcile({ engine: this.#engine })) ?? 0);
    } catch (thrown) {
      if (toSoulboxError(thrown).code !== 'runtime_unavailable') throw thrown;
      return secrets;
    } finally {
      this.#janitor.start();
    }
  }

  /**
   * Whether the engine answers, boxes can be made, and the agents of those there are answer. That there is no engine is
   * no fault as long as nobody wanted a box of it.
   */
  async health(): Promise<HealthStatus> {
    if (this.#engine.circuit.failure) {
      // It may be back, and nobody else would notice.
      const ping = this.#engine.call('answer', (docker) => docker.ping(), { deadlineMs: soonMs });
      const failure = await ping.then(() => undefined, toSoulboxError);
      // A machine that never had an engine is not ill; who wants a sandbox there is told why there is none.
      if (failure)
        return this.#engine.circuit.hasAnswered ? { status: 'down', detail: failure.message } : { status: 'up' };
    }
    return this.#boxes.health(this.#settings.graceMs);
  }

  async dispose(): Promise<void> {
    await this.#boxes.dispose();
    await Promise.all([this.#deaths.stop(), this.#janitor.stop()]);
  }

  #lose(containerId: string): void {
    for (const box of this.#boxes) box.lose(containerId);
  }

  async #build(spec: SandboxSpec, signal: AbortSignal): Promise<DockerBox> {
    const { facts, uids } = await this.#prepared(signal);
    const walls = await this.#chosenWalls(signal);
    const reference = spec.image ?? this.#settings.image ?? (await this.#canaryImage(signal));
    return this.#make(reference, { facts, uids }, walls, spec, signal);
  }

  async #make(
    reference: string,
    { facts, uids }: Workshop,
    walls: Walls,
    parts: Pick<SandboxSpec, 'labels' | 'paths'>,
    signal: AbortSignal,
  ): Promise<DockerBox> {
    const id = `dk${randomBytes(8).toString('hex')}`;
    const plan = await this.#plan(id, reference, facts, walls, parts, signal);
    return makeBox(plan, { engine: this.#engine, settings: this.#settings, names: this.#names, uids }, signal);
  }

  /** The makers of containers. From now on it is looked after them. */
  async #makers(signal: AbortSignal): Promise<ContainerMakers & Pick<Workshop, 'facts'>> {
    const { facts, uids } = await this.#prepared(signal);
    return { engine: this.#engine, settings: this.#settings, names: this.#names, uids, facts };
  }

  async #plan(
    id: string,
    reference: string,
    facts: EngineFacts,
    walls: Walls,
    { labels, paths }: Pick<SandboxSpec, 'labels' | 'paths'>,
    signal: AbortSignal,
  ): Promise<BoxPlan> {
    const imageId = usableDigest(reference, await this.image(reference, { signal }));
    this.#janitor.start();
    this.#deaths.start();
    return {
      id,
      reference,
      imageId,
      walls,
      clientLabels: { ...labels },
      paths: paths.filter((path) => this.#folder !== undefined && liesIn(path, this.#folder)),
      prefix: `soulbox-${this.#deploymentId}-${id}`,
      labels: this.#owner.labels(Date.now() + this.#settings.lifeMs),
      hasAppArmor: facts.hasAppArmor,
    };
  }

  /** @throws not_found */
  #liveContainer(sandboxId: string): LiveContainer {
    const container = this.#live?.get(sandboxId);
    if (!container) throw new SoulboxError('not_found', 'there is no such sandbox', { details: { id: sandboxId } });
    return container;
  }

  /** @throws sandbox_unavailable or runtime_unavailable where this host can make no box at all. */
  #prepared(signal: AbortSignal): Promise<Workshop> {
    return this.#workshop.get(async () => {
      const { runtime, uidBase, uidCount } = this.#settings;
      const facts = await engineFacts(this.#engine, runtime, signal);
      const range = facts.hasFewUids ? fewUids : { base: uidBase, count: 1, blocks: uidCount };
      return { facts, uids: new UidBlocks(range) };
    });
  }

  #chosenWalls(signal: AbortSignal): Promise<Walls> {
    const { boxes } = this.#settings;
    if (boxes !== 'auto') return Promise.resolve(boxes);
    return this.#walls.get(async () => {
      const reference = await this.#canaryImage(signal);
      const workshop = await this.#prepared(signal);
      return workingWalls(() => this.#make(reference, workshop, 'inner', { labels: {}, paths: [] }, signal), signal);
    });
  }

  async #canaryImage(signal: AbortSignal): Promise<string> {
    const agent = await this.#agent();
    if (agent === undefined) throw new SoulboxError('sandbox_unavailable', 'the sandbox agent is not built here');
    const reference = canaryImage(agent);
    const { available } = await this.image(reference, { signal });
    if (!available) await importCanaryImage(this.#engine, this.#locate());
    return reference;
  }

  /** The digest of the agent of this host; none where it is not built. */
  #agent(): Promise<string | undefined> {
    this.#agentDigest ??= (async () => digestOf(await readFile(this.#locate())))().catch(() => undefined);
    return this.#agentDigest;
  }
}

function liesIn(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`) && posix.normalize(path) === path;
}
