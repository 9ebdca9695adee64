import { randomBytes } from 'node:crypto';
import {
  SoulboxError,
  toSoulboxError,
  type BoxStats,
  type DriverReport,
  type HealthStatus,
  type RunEvent,
  type RunOptions,
  type RunSpec,
  type SandboxDriver,
  type SandboxInfo,
  type SandboxSpec,
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
import type { Settings } from './settings.ts';

export { SettingsSchema, type Settings } from './settings.ts';

export interface LinuxDriverOptions {
  readonly deploymentId: string;
  readonly settings: Settings;
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

  constructor(options: LinuxDriverOptions) {
    this.#options = options;
  }

  async probe({ signal }: { readonly signal: AbortSignal }): Promise<DriverReport> {
    const { deploymentId } = this.#options;
    try {
      const { program } = this.#prepared();
      return await probeWithCanary(this, { program, deploymentId, identity: this.#known(), adviceFor, signal });
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

  stats(sandboxId: string): Promise<BoxStats> {
    return this.#boxes.stats(sandboxId, this.#options.settings.graceMs);
  }

  destroy(sandboxId: string): Promise<void> {
    return this.#boxes.destroy(sandboxId);
  }

  async list(): Promise<readonly SandboxInfo[]> {
    return this.#boxes.list();
  }

  async reconcile(): Promise<number> {
    if (!this.#isLinux) return 0;
    const { deploymentId } = this.#options;
    const secrets = await removeStaleSecrets(deploymentId, this.#known());
    return secrets + (await new Cgroups(deploymentId, this.#known()).reconcile());
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
