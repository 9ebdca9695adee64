import { randomBytes } from 'node:crypto';
import {
  SoulboxError,
  toSoulboxError,
  type BoxStats,
  type DriverReport,
  type HealthStatus,
  type LiveSpec,
  type RunEvent,
  type RunOptions,
  type RunSpec,
  type SandboxCapability,
  type SandboxDriver,
  type SandboxInfo,
  type SandboxSpec,
  type WarmDemand,
} from '@soulbox/plugin-sdk';
import {
  Boxes,
  checkUidRange,
  hostIdentity,
  locateAgent,
  noSuchSandbox,
  probeWithCanary,
  removeStaleSecrets,
  UidBlocks,
  unavailable,
  type HostIdentity,
} from '@soulbox/plugin-sdk/agent';
import { adviceFor } from './advice.ts';
import { mergePaths } from './base-paths.ts';
import { Box, type Workshop } from './box.ts';
import { Cgroups } from './cgroups.ts';
import type { LinuxLiveBox } from './live-box.ts';
import { LiveBoxes } from './live-boxes.ts';
import type { Settings } from './settings.ts';

export { SettingsSchema, type Settings } from './settings.ts';

export interface LinuxDriverOptions {
  readonly deploymentId: string;
  readonly settings: Settings;
  /** Where boxes that stay are recorded, with room for their sockets; without it there are none. */
  readonly stateDir?: string;
  /** Default: `process.platform`. */
  readonly platform?: NodeJS.Platform;
  /** Finds the agent's program. Default: the one that was built with the SDK. */
  readonly locate?: () => string;
}

/** Boxes made of namespaces, cgroups and seccomp, each with an agent of its own. */
export class LinuxDriver implements SandboxDriver {
  readonly #options: LinuxDriverOptions;
  readonly #boxes = new Boxes<Box>();
  #workshop: Workshop | undefined;
  #identity: HostIdentity | undefined;
  #liveBoxes: LiveBoxes | undefined;

  constructor(options: LinuxDriverOptions) {
    this.#options = options;
  }

  async probe({ signal }: { readonly signal: AbortSignal }): Promise<DriverReport> {
    const { deploymentId } = this.#options;
    try {
      const { program } = this.#prepared();
      const identity = this.#known();
      const report = await probeWithCanary(this, { program, deploymentId, identity, adviceFor, signal });
      return report.available
        ? { ...report, capabilities: [...report.capabilities, 'warm', ...(await this.#staying())] }
        : report;
    } catch (thrown) {
      const error = toSoulboxError(thrown);
      const advice: unknown = error.details?.['advice'];
      return unavailable(error.message, Array.isArray(advice) ? advice.map(String) : []);
    }
  }

  create(spec: SandboxSpec, { signal }: { readonly signal: AbortSignal }): Promise<SandboxInfo> {
    return this.#boxes.make((stop) => this.#build(spec, stop), signal);
  }

  run(sandboxId: string, spec: RunSpec, options: RunOptions): AsyncIterable<RunEvent> {
    return this.#boxes.get(sandboxId)?.connection.run(spec, options) ?? noSuchSandbox(sandboxId);
  }

  async createLive(spec: LiveSpec, { signal }: { readonly signal: AbortSignal }): Promise<SandboxInfo> {
    const workshop = this.#prepared();
    return this.#live().create(
      { ...spec, paths: mergePaths([...workshop.settings.paths, ...spec.paths]) },
      workshop,
      signal,
    );
  }

  async *connect(
    sandboxId: string,
    input: AsyncIterable<Uint8Array>,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array> {
    yield* this.#liveBox(sandboxId).connect(input, signal);
  }

  async adopt(): Promise<readonly SandboxInfo[]> {
    return this.#isLinux && this.#options.stateDir !== undefined ? this.#live().adopt(this.#cgroups()) : [];
  }

  async pause(sandboxId: string): Promise<void> {
    await this.#liveBox(sandboxId).setPaused(true);
  }

  async resume(sandboxId: string): Promise<void> {
    await this.#liveBox(sandboxId).setPaused(false);
  }

  stats(sandboxId: string): Promise<BoxStats> {
    const live = this.#liveBoxes?.get(sandboxId);
    if (live) return live.stats();
    return this.#boxes.stats(sandboxId, this.#options.settings.graceMs);
  }

  warm(sandboxId: string, demand: WarmDemand): Promise<void> {
    return this.#boxes.warm(sandboxId, demand);
  }

  async destroy(sandboxId: string): Promise<void> {
    if (!(await this.#liveBoxes?.destroy(sandboxId))) await this.#boxes.destroy(sandboxId);
  }

  async list(): Promise<readonly SandboxInfo[]> {
    return [...this.#boxes.list(), ...((await this.#liveBoxes?.list()) ?? [])];
  }

  async reconcile(): Promise<number> {
    if (!this.#isLinux) return 0;
    const secrets = await removeStaleSecrets(this.#options.deploymentId, this.#known());
    const live = this.#options.stateDir === undefined ? 0 : await this.#live().reconcile(this.#cgroups());
    return secrets + live + (await this.#cgroups().reconcile());
  }

  health(): Promise<HealthStatus> {
    return this.#boxes.health(this.#options.settings.graceMs);
  }

  dispose(): Promise<void> {
    return this.#boxes.dispose();
  }

  async #build(spec: SandboxSpec, signal: AbortSignal): Promise<Box> {
    const workshop = this.#prepared();
    const paths = mergePaths([...workshop.settings.paths, ...spec.paths]);
    return Box.build(`lx${randomBytes(8).toString('hex')}`, { ...spec, paths }, workshop, signal);
  }

  /** What boxes that stay can do here. */
  async #staying(): Promise<SandboxCapability[]> {
    if (this.#options.stateDir === undefined) return [];
    return ['live', 'network-policy', ...((await this.#cgroups().canFreeze()) ? (['pause'] as const) : [])];
  }

  /** @throws unsupported where nobody said where they are recorded. */
  #live(): LiveBoxes {
    const { stateDir } = this.#options;
    if (stateDir === undefined)
      throw new SoulboxError('unsupported', 'this driver has no folder for sandboxes that stay');
    this.#liveBoxes ??= new LiveBoxes(stateDir, this.#known());
    return this.#liveBoxes;
  }

  /** @throws not_found */
  #liveBox(sandboxId: string): LinuxLiveBox {
    const box = this.#liveBoxes?.get(sandboxId);
    if (!box) throw new SoulboxError('not_found', 'there is no such sandbox', { details: { id: sandboxId } });
    return box;
  }

  #cgroups(): Cgroups {
    return this.#workshop?.cgroups ?? new Cgroups(this.#options.deploymentId, this.#known());
  }

  get #isLinux(): boolean {
    return (this.#options.platform ?? process.platform) === 'linux';
  }

  #known(): HostIdentity {
    this.#identity ??= hostIdentity();
    return this.#identity;
  }

  /** @throws sandbox_unavailable where this host can make no box at all. */
  #prepared(): Workshop {
    if (this.#workshop) return this.#workshop;
    if (!this.#isLinux)
      throw new SoulboxError('sandbox_unavailable', 'this host does not run Linux', {
        details: { advice: ['Use a driver for this operating system, such as Docker.'] },
      });
    const { deploymentId, settings, locate = locateAgent } = this.#options;
    const isRoot = process.geteuid?.() === 0;
    const range = { base: settings.uidBase, count: settings.uidCount, blocks: settings.uidBlocks };
    if (isRoot) checkUidRange(range);
    this.#workshop = {
      program: locate(),
      settings,
      cgroups: new Cgroups(deploymentId, this.#known()),
      uids: isRoot ? new UidBlocks(range) : undefined,
    };
    return this.#workshop;
  }
}
