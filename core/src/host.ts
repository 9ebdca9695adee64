import { join } from 'node:path';
import type { Logger } from 'pino';
import {
  Api,
  AuthProvider,
  LiveSandboxes as LiveSandboxesToken,
  SoulboxError,
  Transport,
  type Api as ApiContract,
} from '@soulbox/plugin-sdk';
import { changedParts } from './config/changes.ts';
import type { LoadedConfig } from './config/load.ts';
import { openDataDir } from './data-dir.ts';
import { withDeadline } from './deadline.ts';
import { CompileCache } from './execution/compile-cache.ts';
import { Executions } from './execution/executions.ts';
import { Maintenance } from './execution/maintenance.ts';
import { executionCollection, executionIndexes } from './execution/record.ts';
import { idempotencyCollection } from './execution/idempotency.ts';
import { HookBus } from './hooks/hook-bus.ts';
import { Instance } from './instance.ts';
import { LiveSandboxes } from './live/live-sandboxes.ts';
import { makeLog } from './log.ts';
import { HostApi } from './operations/api.ts';
import { OperationCatalogue } from './operations/catalogue.ts';
import { addDetectionOperations } from './operations/detection-operations.ts';
import { addExecutionOperations } from './operations/execution-operations.ts';
import { addHostOperations } from './operations/host-operations.ts';
import { addLiveOperations } from './operations/live-operations.ts';
import { addPluginFacts } from './operations/plugin-facts.ts';
import { addPluginOperations } from './operations/plugin-operations.ts';
import { addBoxOperations } from './operations/box-operations.ts';
import { pluginDataDir } from './plugins/plugin-context.ts';
import { PluginHost } from './plugins/plugin-host.ts';
import type { PluginRecord } from './plugins/record.ts';
import {
  configuredPlugins,
  embeddedPlugins,
  type InlinePlugin,
  type PackagedPlugin,
  type PluginSource,
} from './plugins/source.ts';
import { Languages } from './sandboxes/languages.ts';
import { Placement } from './sandboxes/placement.ts';
import { Pools } from './sandboxes/pools.ts';
import { SandboxRegistry, type ChosenDriver } from './sandboxes/registry.ts';
import { Services } from './services.ts';
import { StoreHandle } from './store-handle.ts';
import { Traffic } from './traffic.ts';

export type HostState = 'created' | 'starting' | 'ready' | 'draining' | 'stopped' | 'failed';
const transitions: Readonly<Record<HostState, readonly HostState[]>> = {
  created: ['starting'],
  starting: ['ready', 'failed'],
  ready: ['draining'],
  draining: ['stopped'],
  stopped: [],
  failed: ['stopped'],
};

export interface HostOptions {
  readonly config: LoadedConfig;
  /** Plugins in memory, beside the configured ones. */
  readonly plugins?: Readonly<Record<string, InlinePlugin | PackagedPlugin>>;
  /** Whether transports listen; a host in another program's process need not. */
  readonly listen?: boolean;
  readonly log?: Logger;
}

/** The host: from configuration to a running set of plugins, and back. One object is one run. */
export class Host {
  readonly log: Logger;
  readonly hooks = new HookBus();
  readonly services = new Services();
  readonly operations = new OperationCatalogue();
  private readonly traffic = new Traffic();
  readonly api: ApiContract;
  readonly registry: SandboxRegistry;
  readonly languages: Languages;
  readonly placement: Placement;
  private readonly pools: Pools;
  /** What operators must see once: credentials made at the first start. */
  readonly notices: { readonly label: string; readonly secret: string }[] = [];
  private readonly options: HostOptions;
  private readonly startedAt = new Date();
  private readonly listening = new Map<Transport, string>();
  private sources: (loaded: LoadedConfig) => PluginSource[] = () => [];
  private current: HostState = 'created';
  private pluginHost: PluginHost | undefined;
  private instance: Instance | undefined;
  private executions: Executions | undefined;
  private maintenance: Maintenance | undefined;
  private readonly store: StoreHandle;
  private readonly live: LiveSandboxes;
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  constructor(options: HostOptions) {
    const { config, secrets } = options.config;
    this.options = options;
    this.log = options.log ?? makeLog(config.host.logLevel, secrets);
    this.api = new HostApi(this.hooks, this.operations, this.log, this.traffic);
    this.registry = new SandboxRegistry(this.services, config.sandbox, this.log);
    this.languages = new Languages(this.services, this.log);
    const { registry, languages, hooks, log, traffic } = this;
    const settings = config.sandbox;
    const { limits } = config.executions;
    const isCurrent = (chosen: ChosenDriver) => registry.isCurrent(chosen);
    this.pools = new Pools({ hooks, settings, limits, log, traffic, isCurrent });
    this.placement = new Placement({ registry, languages, pools: this.pools, settings, limits, log });
    this.store = new StoreHandle(this.services, traffic);
    this.live = new LiveSandboxes({
      store: this.store,
      hooks,
      registry,
      languages,
      services: this.services,
      log,
      settings: config.live,
      driverMs: settings.probeMs,
    });
  }

  get state(): HostState {
    return this.current;
  }

  /** Where the transports listen, as URLs. */
  get addresses(): readonly string[] {
    return [...this.listening.values()];
  }

  get plugins(): readonly PluginRecord[] {
    return this.pluginHost?.all ?? [];
  }

  private enter(state: HostState): void {
    if (!transitions[this.current].includes(state))
      throw new SoulboxError('internal', `a host that is ${this.current} cannot become ${state}`);
    this.current = state;
  }

  /**
   * Brings everything up and begins to serve.
   * @throws SoulboxError when a required plugin or the store is not there; all that was started is stopped again.
   */
  start(): Promise<void> {
    this.starting ??= this.open();
    return this.starting;
  }

  private async open(): Promise<void> {
    this.enter('starting');
    try {
      await this.bringUp();
      this.enter('ready');
    } catch (thrown) {
      this.enter('failed');
      await this.tearDown('failed to start');
      throw thrown;
    }
    await this.hooks.call('host.ready', { addresses: this.addresses });
  }

  private async bringUp(): Promise<void> {
    const { config } = this.options.config;
    const { path: dataDir, deploymentId } = await openDataDir(config.host.dataDir);
    this.services.provide('core', Api, this.api);
    this.services.provide('core', LiveSandboxesToken, this.live);
    const parts = {
      hooks: this.hooks,
      services: this.services,
      operations: this.operations,
      log: this.log,
      dataDir,
      deploymentId,
      traffic: this.traffic,
    };
    const plugins = new PluginHost(parts, config.host, [Api, LiveSandboxesToken], {
      // Work that began since may still use the boxes of other drivers.
      retiring: () => this.attempt('take sandboxes away', () => this.pools.closeStale()),
      closing: (ids) => this.closeTransports(ids),
      opened: (ids) => this.reopenTransports(ids),
    });
    this.pluginHost = plugins;
    const settings = { host: config.host, log: this.log, dataDir: (id: string) => pluginDataDir(dataDir, id) };
    this.sources = (loaded) => [
      ...configuredPlugins(loaded, settings),
      ...embeddedPlugins(this.options.plugins ?? {}, settings),
    ];
    const { registry, placement, hooks } = this;
    addHostOperations(this.operations, {
      plugins,
      hooks,
      registry,
      placement,
      startedAt: this.startedAt,
      state: () => this.current,
      load: () => this.executions?.admission.load ?? { running: 0, waiting: 0 },
    });
    addPluginOperations(this.operations, plugins);
    addPluginFacts(this.operations, plugins);
    addDetectionOperations(this.operations, this.languages);
    addBoxOperations(this.operations, this.pools);
    addLiveOperations(this.operations, this.live, this.store, config.live);
    await plugins.start(this.sources(this.options.config));
    await this.openExecutions(dataDir);
    if (this.options.listen === false) return;
    // Where nobody can call, nobody would see the first key either.
    await this.bootstrapKeys();
    await this.listen([...this.services.all<Transport>(Transport).values()]);
  }

  private async openExecutions(dataDir: string): Promise<void> {
    const { store } = this;
    const { config } = this.options.config;
    await store.define(executionCollection, { indexes: executionIndexes });
    await store.define(idempotencyCollection, { indexes: ['createdAt'] });
    this.instance = new Instance(store);
    await this.instance.register();
    const { hooks, languages, log } = this;
    const maximumBytes = config.executions.compileCacheBytes;
    const folder = join(dataDir, 'compile-cache');
    const compileCache = maximumBytes === 0 ? undefined : await CompileCache.open({ folder, maximumBytes, log });
    this.executions = new Executions({
      store,
      hooks,
      languages,
      log,
      settings: config.executions,
      instanceId: this.instance.id,
      traffic: this.traffic,
      placement: this.placement,
      services: this.services,
      plugins: () => this.plugins,
      compileCache,
    });
    addExecutionOperations(this.operations, this.executions, store);
    this.maintenance = new Maintenance({
      store,
      instance: this.instance,
      log,
      services: this.services,
      retentionDays: config.executions.retentionDays,
      live: this.live,
    });
    await this.live.start(this.instance);
    await this.maintenance.start();
  }

  /**
   * Finds the driver and every toolchain, `atOnce` of them at a time, and makes the first boxes, so that the first
   * execution need not wait.
   * @throws sandbox_unavailable, isolation_insufficient
   */
  async warm(atOnce?: number): Promise<ChosenDriver> {
    const [chosen] = await Promise.all([this.registry.choose(), this.languages.list(atOnce)]);
    // Which images will be wanted is not known before someone wants one.
    if (chosen.report.toolchains !== 'image') await this.pools.of(chosen, { paths: this.languages.boxPaths() }).warm();
    return chosen;
  }

  private async bootstrapKeys(): Promise<void> {
    for (const provider of this.services.all<AuthProvider>(AuthProvider).values()) {
      const made = await provider.bootstrap?.();
      if (made) this.notices.push(made);
    }
  }

  private transportsOf(ids: readonly string[]): [string, Transport][] {
    return [...this.services.all<Transport>(Transport)].filter(([name]) =>
      ids.includes(this.services.owner(Transport, name) ?? ''),
    );
  }

  private async closeTransports(ids: readonly string[]): Promise<void> {
    await Promise.all(this.transportsOf(ids).map((transport) => this.closeTransport(transport)));
  }

  private async reopenTransports(ids: readonly string[]): Promise<void> {
    if (this.options.listen !== false) await this.listen(this.transportsOf(ids).map(([, transport]) => transport));
  }

  private async closeTransport([name, transport]: readonly [string, Transport]): Promise<void> {
    this.listening.delete(transport);
    await this.attempt(`close transport ${name}`, async () => transport.close({ deadlineMs: 1_000 }));
  }

  private async listen(transports: readonly Transport[]): Promise<void> {
    const listening = await Promise.allSettled(
      transports.map(async (transport) => this.listening.set(transport, (await transport.listen()).url)),
    );
    // Told only when each has come to an end: one that still binds could not be closed.
    const failed = listening.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /**
   * Refuses new work, lets running work finish until the deadline, and takes everything down. A repeated call waits for
   * the first, and with a deadline of 0 ends what still runs. Never rejects.
   */
  stop(reason = 'asked to', deadlineMs: number = this.options.config.config.host.drainMs): Promise<void> {
    if (this.stopping && deadlineMs === 0) this.executions?.cancelAll();
    this.stopping ??= this.drain(reason, deadlineMs);
    return this.stopping;
  }

  private async drain(reason: string, deadlineMs: number): Promise<void> {
    await this.starting?.catch(() => undefined);
    if (this.current !== 'ready') return;
    this.enter('draining');
    const drained = this.executions?.drain(deadlineMs);
    await this.hooks.call('host.draining', { deadlineMs });
    await drained;
    await this.tearDown(reason);
  }

  private async tearDown(reason: string): Promise<void> {
    const transports = [...this.services.all<Transport>(Transport)];
    await Promise.all(transports.map((transport) => this.closeTransport(transport)));
    await this.hooks.call('host.stopped', { reason });
    await this.attempt('end maintenance', async () => this.maintenance?.stop());
    this.placement.close();
    this.live.close();
    await this.pools.close();
    await this.attempt('sign off', async () => this.instance?.unregister());
    await this.pluginHost?.stop();
    this.enter('stopped');
  }

  /** One step of going down: nothing that fails or hangs keeps the steps after it from being made. */
  private async attempt(step: string, work: () => Promise<void>): Promise<void> {
    const ms = this.options.config.config.host.pluginStopMs;
    const late = () => new SoulboxError('plugin_timeout', `${step}: not done within ${ms} ms`);
    await withDeadline(work(), ms, late).catch((error: unknown) => this.log.warn({ err: error }, `could not ${step}`));
  }

  /**
   * Makes the running plugins those of a changed configuration. What changed elsewhere is named in the log: it needs a
   * restart. Never rejects: what is wrong with a plugin is in the log and, if it is down, in its state.
   */
  async apply(next: LoadedConfig): Promise<void> {
    const parts = changedParts(this.options.config.config, next.config);
    if (parts.length > 0) this.log.warn({ parts }, 'changes of the configuration that need a restart of the host');
    const problems = (await this.pluginHost?.apply(this.sources(next))) ?? new Map<string, unknown>();
    for (const [plugin, err] of problems)
      this.log.error({ plugin, err }, 'the changed configuration of a plugin was not taken over');
  }

  /** Takes a plugin out of service for what its code did outside any call of ours. */
  async quarantine(plugin: string, thrown: unknown): Promise<void> {
    await this.pluginHost?.quarantine(plugin, thrown);
  }
}
