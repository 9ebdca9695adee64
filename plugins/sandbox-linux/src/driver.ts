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
import { locateAgent } from '@soulbox/plugin-sdk/agent';
import { mergePaths } from './base-paths.ts';
import { Box, type Workshop } from './box.ts';
import { removeStaleSecrets } from './canary.ts';
import { Cgroups } from './cgroups.ts';
import { hostIdentity, type HostIdentity } from './host-identity.ts';
import { probe, unavailable } from './probe.ts';
import type { Settings } from './settings.ts';
import { checkUidRange, UidBlocks } from './uid-blocks.ts';

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
  readonly #boxes = new Map<string, Box>();
  readonly #making = new Map<Promise<Box>, AbortController>();
  #workshop: Workshop | undefined;
  #identity: HostIdentity | undefined;
  #lastFailure: SoulboxError | undefined;
  #closed = false;

  constructor(options: LinuxDriverOptions) {
    this.#options = options;
  }

  async probe({ signal }: { readonly signal: AbortSignal }): Promise<DriverReport> {
    const { deploymentId } = this.#options;
    try {
      return await probe(this, this.#prepared().program, deploymentId, this.#known(), signal);
    } catch (thrown) {
      const error = toSoulboxError(thrown);
      const advice: unknown = error.details?.['advice'];
      return unavailable(error.message, Array.isArray(advice) ? advice.map(String) : []);
    }
  }

  async create(spec: SandboxSpec, { signal }: { readonly signal: AbortSignal }): Promise<SandboxInfo> {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    if (signal.aborted || this.#closed) abort();
    signal.addEventListener('abort', abort, { once: true });
    const making = this.#build(spec, controller.signal);
    this.#making.set(making, controller);
    try {
      const box = await making;
      this.#boxes.set(box.id, box);
      this.#lastFailure = undefined;
      return box.info;
    } catch (thrown) {
      const error = toSoulboxError(thrown);
      if (error.code === 'sandbox_unavailable') this.#lastFailure = error;
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#making.delete(making);
    }
  }

  run(sandboxId: string, spec: RunSpec, options: RunOptions): AsyncIterable<RunEvent> {
    const box = this.#boxes.get(sandboxId);
    return box ? box.connection.run(spec, options) : refused(sandboxId);
  }

  async stats(sandboxId: string): Promise<BoxStats> {
    const box = this.#boxes.get(sandboxId);
    if (!box) throw unknown(sandboxId);
    return box.connection.stats(this.#options.settings.graceMs);
  }

  async destroy(sandboxId: string): Promise<void> {
    await this.#boxes.get(sandboxId)?.destroy();
    this.#boxes.delete(sandboxId);
  }

  async list(): Promise<readonly SandboxInfo[]> {
    return [...this.#boxes.values()].map((box) => box.info);
  }

  async reconcile(): Promise<number> {
    if (!this.#isLinux) return 0;
    const { deploymentId } = this.#options;
    const secrets = await removeStaleSecrets(deploymentId, this.#known());
    return secrets + (await new Cgroups(deploymentId, this.#known()).reconcile());
  }

  /** Whether boxes can be made, as far as the last attempt shows, and whether the agents of those there are answer. */
  async health(): Promise<HealthStatus> {
    if (this.#lastFailure) return { status: 'down', detail: this.#lastFailure.message };
    const boxes = [...this.#boxes.values()];
    const pings = boxes.map((box) => box.connection.ping(this.#options.settings.graceMs));
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

  async #build(spec: SandboxSpec, signal: AbortSignal): Promise<Box> {
    if (signal.aborted) throw new SoulboxError('cancelled', 'the caller cancelled it, or the driver is stopping');
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

function refused(id: string): AsyncIterable<RunEvent> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(unknown(id)) }) };
}

function unknown(id: string): SoulboxError {
  return new SoulboxError('not_found', 'there is no such sandbox', { details: { id } });
}
