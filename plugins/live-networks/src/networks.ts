import {
  isSoulboxError,
  SoulboxError,
  type LiveAgent,
  type LiveSandboxes,
  type LiveSandboxInfo,
  type NetworkPolicy,
  type PluginContext,
  type SandboxRecords,
} from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import { Resolver } from './resolver.ts';
import { parseRule } from './rules.ts';
import { SandboxNetwork } from './sandbox-network.ts';
import { peerName, type NetworkRecord } from './shapes.ts';

/** What a name was told for is kept when some time has passed without another. */
const keepMs = 500;
const domainLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** The networks of all sandboxes that have one. */
export class Networks {
  readonly #config: Config;
  readonly #log: PluginContext['log'];
  readonly #sandboxes: LiveSandboxes;
  readonly #records: SandboxRecords<typeof NetworkRecord>;
  readonly #resolver: Resolver;
  readonly #networks = new Map<string, SandboxNetwork>();
  readonly #toKeep = new Map<string, NodeJS.Timeout>();

  constructor(
    { config, log }: Pick<PluginContext<Config>, 'config' | 'log'>,
    sandboxes: LiveSandboxes,
    records: SandboxRecords<typeof NetworkRecord>,
  ) {
    this.#config = config;
    this.#log = log;
    this.#sandboxes = sandboxes;
    this.#records = records;
    this.#resolver = new Resolver(config);
  }

  /** Goes on with those that an instance before this one saw to. Those that nobody has reached yet come by themselves. */
  async open(): Promise<void> {
    for (const { tenant, sandbox } of this.#records.all)
      try {
        const { state } = await this.#sandboxes.get(sandbox, { tenant });
        if (state !== 'running') continue;
        const { info, agent, release } = await this.#sandboxes.open(sandbox, { tenant });
        release();
        this.#serve(this.#of(info), agent);
      } catch (err) {
        if (!isSoulboxError(err)) throw err;
      }
  }

  async close(): Promise<void> {
    for (const network of this.#networks.values()) network.close();
    await Promise.all([...this.#toKeep.keys()].map((id) => this.#keep(id)));
  }

  /** @throws unsupported for what is not offered here, conflict for a name that is taken, invalid_params */
  check(network: NetworkPolicy, tenant: string, sandbox: string): void {
    const { modes, privateNetworks } = this.#config;
    if (!modes.includes(network.mode))
      throw new SoulboxError('unsupported', `network mode ${network.mode} is not offered here`, {
        details: { field: 'network.mode', offered: [...modes] },
      });
    const { private: shared, name } = network;
    if (shared !== undefined && !privateNetworks)
      throw new SoulboxError('unsupported', 'private networks are not offered here');
    if (name !== undefined && (shared === undefined || !domainLabel.test(name)))
      throw new SoulboxError('invalid_params', 'network.name: letters, digits and hyphens, in a private network', {
        details: { field: 'network.name' },
      });
    const named = peerName({ network, sandbox });
    const holder = shared === undefined ? undefined : this.#peer(tenant, shared, named);
    if (holder !== undefined && holder !== sandbox)
      throw new SoulboxError('conflict', `another sandbox is called ${named} there`);
    for (const rule of [...(network.allow ?? []), ...(network.deny ?? [])]) parseRule(rule);
  }

  /** A sandbox can be reached: what it sends is seen to before anything is done in it. @throws conflict, storage_failed */
  async connected(info: LiveSandboxInfo, agent: LiveAgent): Promise<void> {
    if (info.request.network === undefined) return;
    const isNew = !this.#networks.has(info.id) && this.#records.get(info.id) === undefined;
    if (isNew) this.check(info.request.network, info.tenant, info.id);
    const network = this.#of(info);
    this.#serve(network, agent);
    if (isNew) await this.#put(network.record);
  }

  async forget(id: string): Promise<void> {
    clearTimeout(this.#toKeep.get(id));
    this.#toKeep.delete(id);
    this.#networks.get(id)?.close();
    this.#networks.delete(id);
    await this.#records.removeOf(id);
  }

  /** @throws not_found, unsupported where it was made without */
  async find(sandbox: string, tenant: string): Promise<SandboxNetwork> {
    const info = await this.#sandboxes.get(sandbox, { tenant });
    if (info.state === 'ended' || info.state === 'lost')
      throw new SoulboxError('not_found', 'there is no such sandbox');
    if (info.request.network === undefined)
      throw new SoulboxError('unsupported', 'the sandbox was made without "network", and can have none later');
    return this.#of(info);
  }

  /** Other rules, from now on and for good. @throws not_found, unsupported, conflict, invalid_params, storage_failed */
  async change(sandbox: string, tenant: string, network: NetworkPolicy): Promise<SandboxNetwork> {
    const found = await this.find(sandbox, tenant);
    this.check(network, tenant, sandbox);
    await this.#put({ ...found.record, network });
    found.change(network);
    return found;
  }

  #of(info: LiveSandboxInfo): SandboxNetwork {
    const known = this.#networks.get(info.id);
    if (known) return known;
    const { id, tenant, request } = info;
    const record = this.#records.get(id) ?? {
      id,
      tenant,
      sandbox: id,
      network: request.network!,
      names: [],
      createdAt: new Date().toISOString(),
    };
    const network = new SandboxNetwork(record, {
      config: this.#config,
      resolver: this.#resolver,
      sandboxes: this.#sandboxes,
      peer: (...of) => this.#peer(...of),
      changed: () => this.#keepSoon(id),
    });
    this.#networks.set(id, network);
    return network;
  }

  #serve(network: SandboxNetwork, agent: LiveAgent): void {
    network.serve(agent).catch((err: unknown) => {
      // It was paused, is gone, or someone else sees to it.
      if (isSoulboxError(err) && ['sandbox_lost', 'cancelled'].includes(err.code)) return;
      this.#log.error({ err }, 'a sandbox has no network any more until it is reached anew');
    });
  }

  #peer(tenant: string, shared: string, name: string): string | undefined {
    return this.#records.of(tenant).find((record) => record.network.private === shared && peerName(record) === name)
      ?.sandbox;
  }

  #keepSoon(id: string): void {
    if (this.#toKeep.has(id)) return;
    this.#toKeep.set(
      id,
      setTimeout(() => {
        this.#keep(id).catch((err: unknown) => this.#log.warn({ err, sandbox: id }, 'names are not kept'));
      }, keepMs).unref(),
    );
  }

  async #keep(id: string): Promise<void> {
    clearTimeout(this.#toKeep.get(id));
    this.#toKeep.delete(id);
    const network = this.#networks.get(id);
    if (network) await this.#put(network.record);
  }

  #put(record: NetworkRecord): Promise<void> {
    return this.#records.put(record, Infinity);
  }
}
