import { createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import {
  inSandbox,
  isSoulboxError,
  LiveStream,
  SoulboxError,
  type LiveSandboxes,
  type PluginContext,
  type SandboxRecords,
} from '@soulbox/plugin-sdk';
import { bind } from '@soulbox/plugin-sdk/listening';
import type { Config } from './config.ts';
import { placeOf, type MappingRecord } from './shapes.ts';
import type { Uses } from './uses.ts';

/** TCP ports of this machine whose connections go to sandboxes. */
export class Mappings {
  readonly #config: Config;
  readonly #log: PluginContext['log'];
  readonly #sandboxes: LiveSandboxes;
  readonly #records: SandboxRecords<typeof MappingRecord>;
  readonly #uses: Uses;
  readonly #servers = new Map<string, Server>();
  readonly #beingMapped = new Set<string>();

  constructor(
    { config, log }: Pick<PluginContext<Config>, 'config' | 'log'>,
    sandboxes: LiveSandboxes,
    records: SandboxRecords<typeof MappingRecord>,
    uses: Uses,
  ) {
    this.#config = config;
    this.#log = log;
    this.#sandboxes = sandboxes;
    this.#records = records;
    this.#uses = uses;
  }

  /** Listens again where an earlier host did. A port that is taken meanwhile is told of, and not listened on. */
  async open(): Promise<void> {
    for (const record of this.#records.all)
      await this.#listen(record, record.hostPort).catch((err: unknown) =>
        this.#log.error({ err, sandbox: record.sandbox, port: record.port }, 'a mapped port cannot be had again'),
      );
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.keys()].map((id) => this.#stop(id)));
  }

  isListening(id: string): boolean {
    return this.#servers.has(id);
  }

  /**
   * Maps a port of this machine, `hostPort` or any that is free, to one of a sandbox.
   * @throws conflict, config_invalid, limit_out_of_range, overloaded, storage_failed
   */
  async map(sandbox: string, tenant: string, port: number, hostPort?: number) {
    const id = placeOf(port, sandbox);
    if (this.#records.get(id) !== undefined || this.#beingMapped.has(id))
      throw new SoulboxError('conflict', `port ${port} is mapped already`);
    this.#beingMapped.add(id);
    try {
      const record = { id, tenant, sandbox, port, createdAt: new Date().toISOString() };
      const kept = { ...record, hostPort: await this.#listenOnOneOf(record, this.#candidates(hostPort)) };
      await this.#records.put(kept, this.#config.previews);
      return kept;
    } catch (error) {
      await this.#stop(id);
      throw error;
    } finally {
      this.#beingMapped.delete(id);
    }
  }

  /** Of one tenant, the oldest first. */
  of(tenant: string, sandbox?: string) {
    return this.#records.of(tenant, sandbox);
  }

  /** @throws not_found */
  async unmap(sandbox: string, tenant: string, port: number): Promise<void> {
    const id = placeOf(port, sandbox);
    if (this.#records.get(id)?.tenant !== tenant) throw new SoulboxError('not_found', 'that port is not mapped');
    await this.#records.remove(id);
    await this.#stop(id);
  }

  async forget(sandbox: string): Promise<void> {
    for (const id of await this.#records.removeOf(sandbox)) await this.#stop(id);
  }

  /** @throws limit_out_of_range */
  #candidates(hostPort: number | undefined): readonly number[] {
    const { first, last } = this.#config.mapped;
    if (hostPort === undefined) return fromSomewhere(first, last);
    if (hostPort >= first && hostPort <= last) return [hostPort];
    throw new SoulboxError('limit_out_of_range', `hostPort: ${first} to ${last} here`, {
      details: { field: 'hostPort', minimum: first, maximum: last },
    });
  }

  /** Answers with the first that was free. @throws conflict */
  async #listenOnOneOf(record: Omit<MappingRecord, 'hostPort'>, candidates: readonly number[]): Promise<number> {
    for (const candidate of candidates)
      try {
        await this.#listen(record, candidate);
        return candidate;
      } catch (error) {
        if (!isSoulboxError(error) || error.code !== 'conflict') throw error;
      }
    throw new SoulboxError('conflict', `no wanted port of ${this.#config.mapped.host} is free`);
  }

  async #listen(record: Omit<MappingRecord, 'hostPort'>, hostPort: number): Promise<void> {
    // Either side may end its half first.
    const server = createServer({ allowHalfOpen: true }, (socket) => void this.#take(record, socket));
    server.maxConnections = this.#config.connections;
    await bind(server, { host: this.#config.mapped.host, port: hostPort });
    this.#servers.set(record.id, server);
  }

  async #take({ id, sandbox, tenant, port }: Omit<MappingRecord, 'hostPort'>, socket: Socket): Promise<void> {
    socket.on('error', () => socket.destroy());
    try {
      this.#uses.enter(`tcp ${id}`, socket);
      await inSandbox(this.#sandboxes, sandbox, { principal: { tenant } }, ({ agent }) => {
        const link = LiveStream.dial(agent, port);
        // Before the pipeline sees it: it would close the socket as if all were well.
        link.once('error', () => socket.resetAndDestroy());
        return pipeline(socket, link, socket);
      });
    } catch {
      // There is no way to tell more than that.
      socket.resetAndDestroy();
    }
  }

  async #stop(id: string): Promise<void> {
    const server = this.#servers.get(id);
    this.#servers.delete(id);
    const closed = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    this.#uses.cut(`tcp ${id}`);
    await closed;
  }
}

/** All from `first` to `last`, beginning somewhere. */
function fromSomewhere(first: number, last: number): readonly number[] {
  const all = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const start = Math.floor(Math.random() * all.length);
  return [...all.slice(start), ...all.slice(0, start)];
}
