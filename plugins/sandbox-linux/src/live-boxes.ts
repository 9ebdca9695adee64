import { SoulboxError, type LiveSpec, type SandboxInfo } from '@soulbox/plugin-sdk';
import { AgentProcess, LiveRecords, startTime, type HostIdentity } from '@soulbox/plugin-sdk/agent';
import type { Workshop } from './box.ts';
import type { Cgroups } from './cgroups.ts';
import { isAlive, LinuxLiveBox } from './live-box.ts';
import { LauncherSchema, socketName, type BoxRecord, type BoxRecords, type WholeRecord } from './live-launcher.ts';

/** The boxes that stay, of this host and of those before it. */
export class LiveBoxes {
  readonly #records: BoxRecords;
  readonly #identity: HostIdentity;
  readonly #boxes = new Map<string, LinuxLiveBox>();

  /** `folder` is where their records are. */
  constructor(folder: string, identity: HostIdentity) {
    this.#records = new LiveRecords(folder, LauncherSchema);
    this.#identity = identity;
  }

  get(id: string): LinuxLiveBox | undefined {
    return this.#boxes.get(id);
  }

  list(): Promise<SandboxInfo[]> {
    return Promise.all([...this.#boxes.values()].map((box) => box.info()));
  }

  /** `spec.paths` is complete and merged. @throws sandbox_unavailable, conflict, cancelled; nothing is left then. */
  async create(
    spec: LiveSpec,
    { program, settings, cgroups, uids }: Workshop,
    signal: AbortSignal,
  ): Promise<SandboxInfo> {
    const record = this.#records.begin(spec, this.#identity);
    if (spec.mounts.length > 0)
      throw new SoulboxError(
        'unsupported',
        'this driver shows no folders in sandboxes that stay (capability "volumes")',
      );
    if (this.#boxes.has(spec.id)) throw new SoulboxError('conflict', 'there is a sandbox of this id');
    // First of all: what else is made can then be found and taken away, should this host be killed meanwhile.
    await this.#records.write({ ...record, made: null });
    const block = await uids?.take();
    try {
      const folders = await cgroups.make(spec.id, block?.base, { stays: true });
      try {
        const { memoryBytes, diskBytes, processes } = spec.limits;
        const agent = await AgentProcess.launch(
          program,
          [
            ...spec.paths.flatMap((path) => ['--path', path]),
            ...(block ? ['--uid-base', String(block.base), '--uid-count', String(block.count)] : []),
            ...folders.arguments,
            ...['--listen', socketName],
            ...(spec.gateway ? ['--network', 'gateway'] : []),
            ...['--memory', String(memoryBytes), '--disk', String(diskBytes), '--processes', String(processes)],
          ],
          {
            handshakeMs: settings.createTimeoutMs,
            graceMs: settings.graceMs,
            signal,
            cwd: this.#records.folderOf(spec.id),
            ...(block ? { held: block.descriptor } : {}),
          },
        );
        const made = { pid: agent.pid!, started: startTime('/proc', String(agent.pid)) ?? '' };
        await this.#records.write({ ...record, made });
        agent.leave();
        const box = new LinuxLiveBox({ ...record, made }, this.#records, folders);
        this.#boxes.set(spec.id, box);
        return await box.info();
      } catch (error) {
        await folders.remove();
        throw error;
      }
    } catch (error) {
      await this.#records.remove(spec.id);
      throw error;
    } finally {
      // From here on the box itself holds its uids.
      await block?.release();
    }
  }

  /** Takes over those whose host is gone. */
  async adopt(cgroups: Cgroups): Promise<SandboxInfo[]> {
    const adopted: SandboxInfo[] = [];
    for (const record of await this.#records.orphans(this.#identity)) {
      if (!isWhole(record) || !isAlive(record.made)) continue;
      await this.#records.write({ ...record, host: this.#identity.label });
      const box = new LinuxLiveBox(record, this.#records, await cgroups.ofStaying(record.id));
      this.#boxes.set(record.id, box);
      adopted.push(await box.info());
    }
    return adopted;
  }

  /** Takes away what is left of those that ended without their host. @returns how many. */
  async reconcile(cgroups: Cgroups): Promise<number> {
    let removed = 0;
    for (const record of await this.#records.orphans(this.#identity)) {
      if (isWhole(record) && isAlive(record.made)) continue;
      await (await cgroups.ofStaying(record.id)).remove();
      await this.#records.remove(record.id);
      removed++;
    }
    return removed;
  }

  async destroy(id: string): Promise<boolean> {
    const box = this.#boxes.get(id);
    await box?.destroy();
    return this.#boxes.delete(id);
  }
}

function isWhole(record: BoxRecord): record is WholeRecord {
  return record.made !== null;
}
