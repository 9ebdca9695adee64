import { randomUUID } from 'node:crypto';
import { SoulboxError, type Principal } from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import type { SnapshotRecord } from './records.ts';
import type { About, Begun, Snapshots } from './snapshots.ts';

interface Import {
  readonly tenant: string;
  readonly about: About;
  readonly sha256: string;
  readonly begun: Begun;
  timer: NodeJS.Timeout | undefined;
  /** Parts come one at a time. */
  isBusy: boolean;
}

/** Snapshots on their way into this host. */
export class Imports {
  readonly #config: Config;
  readonly #snapshots: Snapshots;
  readonly #open = new Map<string, Import>();
  readonly #opening = new Map<string, Pick<Import, 'tenant'>>();

  constructor(config: Config, snapshots: Snapshots) {
    this.#config = config;
    this.#snapshots = snapshots;
  }

  /** @throws overloaded, conflict */
  async open(tenant: string, about: About, sha256: string): Promise<string> {
    const { imports } = this.#config;
    const id = randomUUID();
    const under = [...this.#open.values(), ...this.#opening.values()].filter((each) => each.tenant === tenant);
    if (under.length >= imports)
      throw new SoulboxError('overloaded', `a tenant has at most ${imports} imports under way`);
    this.#opening.set(id, { tenant });
    const begun = await this.#snapshots.begin(tenant, about.name).finally(() => this.#opening.delete(id));
    const found: Import = { tenant, about, sha256, begun, timer: undefined, isBusy: false };
    this.#open.set(id, found);
    this.#rest(id, found);
    return id;
  }

  /** Returns how many bytes there are now. @throws not_found, conflict, payload_too_large, storage_failed */
  async add(id: string, tenant: string, offset: number, bytes: Uint8Array): Promise<number> {
    return this.#alone(id, tenant, async ({ begun: { draft } }) => {
      if (offset !== draft.bytes)
        throw new SoulboxError('conflict', `the next part begins at ${draft.bytes}`, {
          details: { offset: draft.bytes },
        });
      await draft.add(bytes).catch(async (thrown: unknown) => {
        await this.#end(id);
        throw thrown;
      });
      return draft.bytes;
    });
  }

  /** @throws not_found, conflict where it is not what was said at first; it is given up then */
  async commit(id: string, by: Principal): Promise<SnapshotRecord> {
    return this.#alone(id, by.tenant, async ({ begun, about, sha256 }) => {
      this.#forget(id);
      const record = await this.#snapshots.finish(begun, about, by, null);
      if (record.sha256 === sha256) return record;
      await this.#snapshots.remove(record.id, by.tenant);
      throw new SoulboxError('conflict', 'what came is not what its sum says');
    });
  }

  /** @throws not_found */
  async abort(id: string, tenant: string): Promise<void> {
    this.#get(id, tenant);
    await this.#end(id);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((id) => this.#end(id)));
  }

  async #alone<T>(id: string, tenant: string, work: (found: Import) => Promise<T>): Promise<T> {
    const found = this.#get(id, tenant);
    if (found.isBusy) throw new SoulboxError('conflict', 'the part before is not written yet');
    found.isBusy = true;
    clearTimeout(found.timer);
    try {
      return await work(found);
    } finally {
      found.isBusy = false;
      if (this.#open.has(id)) this.#rest(id, found);
    }
  }

  #get(id: string, tenant: string): Import {
    const found = this.#open.get(id);
    if (found?.tenant !== tenant) throw new SoulboxError('not_found', 'there is no such import');
    return found;
  }

  #rest(id: string, found: Import): void {
    found.timer = setTimeout(() => void this.#end(id), this.#config.importIdleMs).unref();
  }

  #forget(id: string): Import | undefined {
    const found = this.#open.get(id);
    clearTimeout(found?.timer);
    this.#open.delete(id);
    return found;
  }

  async #end(id: string): Promise<void> {
    const found = this.#forget(id);
    if (found) await this.#snapshots.abandon(found.begun);
  }
}
