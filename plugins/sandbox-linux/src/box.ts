import type { BoxStats, SandboxInfo, SandboxSpec, WarmDemand } from '@soulbox/plugin-sdk';
import { AgentProcess, type LiveBox, type UidBlock, type UidBlocks } from '@soulbox/plugin-sdk/agent';
import type { BoxCgroups, Cgroups } from './cgroups.ts';
import type { Settings } from './settings.ts';

export interface Workshop {
  readonly program: string;
  readonly settings: Settings;
  readonly cgroups: Cgroups;
  /** Absent where the host is not root: its own uid then serves all boxes. */
  readonly uids: UidBlocks | undefined;
}

/** One box: its agent, its cgroups and its uids, which come and go together. */
export class Box implements LiveBox {
  readonly id: string;
  readonly #agent: AgentProcess;
  readonly #cgroups: BoxCgroups;
  readonly #uids: UidBlock | undefined;
  readonly #createdAt = new Date().toISOString();
  readonly #labels: SandboxSpec['labels'];
  #gone: Promise<void> | undefined;

  private constructor(
    id: string,
    labels: SandboxSpec['labels'],
    agent: AgentProcess,
    cgroups: BoxCgroups,
    uids: UidBlock | undefined,
  ) {
    this.id = id;
    this.#labels = labels;
    this.#agent = agent;
    this.#cgroups = cgroups;
    this.#uids = uids;
  }

  /** `spec.paths` is complete and merged. @throws sandbox_unavailable or cancelled; nothing is left then. */
  static async build(
    id: string,
    spec: SandboxSpec,
    { program, settings, cgroups, uids }: Workshop,
    signal: AbortSignal,
  ): Promise<Box> {
    const block = await uids?.take();
    try {
      const folders = await cgroups.make(id, block?.base);
      try {
        const agent = await AgentProcess.launch(
          program,
          [
            ...spec.paths.flatMap((path) => ['--path', path]),
            ...(block ? ['--uid-base', String(block.base), '--uid-count', String(block.count)] : []),
            ...folders.arguments,
            '--max-runs',
            String(settings.maxRuns),
          ],
          { handshakeMs: settings.createTimeoutMs, graceMs: settings.graceMs, signal },
        );
        return new Box(id, { ...spec.labels }, agent, folders, block);
      } catch (error) {
        await folders.remove();
        throw error;
      }
    } catch (error) {
      await block?.release();
      throw error;
    }
  }

  get connection(): AgentProcess['connection'] {
    return this.#agent.connection;
  }

  ping(withinMs: number): Promise<void> {
    return this.connection.ping(withinMs);
  }

  stats(withinMs: number): Promise<BoxStats> {
    return this.connection.stats(withinMs);
  }

  warm(demand: WarmDemand): void {
    this.connection.warm(demand);
  }

  get info(): SandboxInfo {
    return {
      id: this.id,
      state: this.connection.isOver ? 'exited' : 'running',
      createdAt: this.#createdAt,
      labels: this.#labels,
    };
  }

  /** Resolves once processes, cgroups and uids are free again. */
  destroy(): Promise<void> {
    this.#gone ??= this.#destroy();
    return this.#gone;
  }

  async #destroy(): Promise<void> {
    try {
      await this.#agent.end();
    } finally {
      await this.#cgroups.remove();
      await this.#uids?.release();
    }
  }
}
