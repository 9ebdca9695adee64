import { SoulboxError, type LiveAgent, type OpenSandbox, type Principal } from '@soulbox/plugin-sdk';
import { type Archives, type Draft } from './archives.ts';
import type { Config } from './config.ts';
import { newId, type SnapshotRecord, type SnapshotRecords } from './records.ts';

export const home = '/home/sandbox';
/** Where what is in an archive belongs: its only folder is the home folder. */
const above = '/home';

export interface About {
  readonly name?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** A draft and what it is going to be. */
export interface Begun {
  readonly id: string;
  readonly draft: Draft;
}

/** Takes snapshots, keeps them, and fills sandboxes with them. */
export class Snapshots {
  readonly #config: Config;
  readonly records: SnapshotRecords;
  readonly #archives: Archives;
  /** Names and bytes that snapshots under way will take. */
  readonly #under = new Map<string, { readonly tenant: string; readonly name: string | undefined }>();

  constructor(config: Config, records: SnapshotRecords, archives: Archives) {
    this.#config = config;
    this.records = records;
    this.#archives = archives;
  }

  /** Of the home folder of a sandbox. @throws conflict, overloaded, payload_too_large, storage_failed and what the sandbox throws */
  async take({ agent, info }: OpenSandbox, about: About, by: Principal, signal: AbortSignal): Promise<SnapshotRecord> {
    const begun = await this.begin(by.tenant, about.name);
    try {
      for await (const piece of agent.pack([home], { signal })) await begun.draft.add(piece);
      signal.throwIfAborted();
      return await this.finish(begun, about, by, info.id);
    } catch (thrown) {
      await this.abandon(begun);
      throw thrown;
    }
  }

  /** Holds a place for one more. @throws conflict for a name that is taken, overloaded */
  async begin(tenant: string, name: string | undefined): Promise<Begun> {
    const id = newId();
    const others = [...this.#under.values()].filter((each) => each.tenant === tenant);
    // Held before anything is awaited: two at once do not both get the last place, or one name.
    this.#under.set(id, { tenant, name });
    try {
      const records = await this.records.of(tenant);
      this.#checkName(name, [...records, ...others]);
      const { snapshots, snapshotBytes, tenantBytes } = this.#config;
      if (records.length + others.length >= snapshots) throw full('snapshots', snapshots);
      const room = tenantBytes - records.reduce((sum, { bytes }) => sum + bytes, 0);
      if (room <= 0) throw full('bytes of snapshots', tenantBytes);
      return { id, draft: await this.#archives.draft(id, Math.min(snapshotBytes, room)) };
    } catch (thrown) {
      this.#under.delete(id);
      throw thrown;
    }
  }

  async finish({ id, draft }: Begun, about: About, by: Principal, sandbox: string | null): Promise<SnapshotRecord> {
    const { name = null, metadata = {}, env = {} } = about;
    try {
      const { bytes, sha256 } = await draft.keep();
      const when = { createdAt: new Date().toISOString(), sandbox, bytes, sha256 };
      return await this.records.put({ id, tenant: by.tenant, owner: by.id, name, metadata, env, ...when });
    } catch (thrown) {
      await draft.drop();
      await this.#archives.remove(id);
      throw thrown;
    } finally {
      this.#under.delete(id);
    }
  }

  async abandon({ id, draft }: Begun): Promise<void> {
    this.#under.delete(id);
    await draft.drop();
  }

  /** @throws not_found, conflict */
  async rename(id: string, tenant: string, { name, metadata }: { name?: string | null; metadata?: About['metadata'] }) {
    const record = await this.records.get(id, tenant);
    const others = (await this.records.of(tenant)).filter((each) => each.id !== id);
    this.#checkName(name ?? undefined, others);
    return this.records.put({
      ...record,
      name: name === undefined ? record.name : name,
      metadata: { ...(metadata ?? record.metadata) },
    });
  }

  /** @throws not_found */
  async remove(id: string, tenant: string): Promise<void> {
    await this.records.get(id, tenant);
    // Without a record it is none: what is left of it then goes when the plugin starts.
    await this.records.remove(id);
    await this.#archives.remove(id);
  }

  /** @throws storage_failed where it is damaged */
  read(record: SnapshotRecord): AsyncGenerator<Uint8Array> {
    return this.#archives.read(record.id, record);
  }

  /** Puts what a home folder had into a sandbox that nobody has yet. @throws storage_failed, disk_full */
  async fill(agent: LiveAgent, content: AsyncIterable<Uint8Array>): Promise<void> {
    const { snapshotBytes: mostBytes, entries: mostEntries } = this.#config;
    await agent.unpack(above, content, { replace: true, mostBytes, mostEntries });
  }

  #checkName(name: string | undefined, others: readonly { readonly name: string | null | undefined }[]): void {
    if (name !== undefined && others.some((other) => other.name === name))
      throw new SoulboxError('conflict', `there is a template "${name}" already`, { details: { name } });
  }
}

function full(what: string, maximum: number): SoulboxError {
  return new SoulboxError('overloaded', `a tenant has at most ${maximum} ${what}`, { details: { maximum } });
}
