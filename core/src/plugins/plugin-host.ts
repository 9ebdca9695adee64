import { isSoulboxError, parse, SoulboxError, z, type AnyToken } from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { runAs } from './attribution.ts';
import { Lifecycle } from './lifecycle.ts';
import type { HostParts } from './plugin-context.ts';
import { isUp, type PluginRecord } from './record.ts';
import { Replacement, type ReplacementEvents } from './replacement.ts';
import { nextRestart } from './restarts.ts';
import type { LoadedPlugin, PluginSource } from './source.ts';

const HealthStatusSchema = z.object({ status: z.enum(['up', 'degraded', 'down']), detail: z.string().optional() });

/** What came of a reload. */
export interface Reloaded {
  readonly id: string;
  readonly version: string | null;
  /** `kept`: the same code was set up again, since Node.js cannot forget a module of its own process. */
  readonly code: 'fresh' | 'kept';
  /** Every plugin that was set up anew, in that order. */
  readonly reloaded: readonly string[];
}

/** Brings plugins up in the order of what they need, replaces them while they run, and takes them down again. */
export class PluginHost {
  private readonly lifecycle: Lifecycle;
  private readonly replacement: Replacement;
  private readonly settings: Config['host'];
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly quarantining = new Set<string>();
  private stopping = false;
  /** Changes are made one after another. */
  private change: Promise<unknown> = Promise.resolve();

  constructor(parts: HostParts, settings: Config['host'], builtIn: readonly AnyToken[], events: ReplacementEvents) {
    this.settings = settings;
    const lost = (record: PluginRecord, loaded: LoadedPlugin | undefined, error: SoulboxError) =>
      void this.lost(record, loaded, error);
    this.lifecycle = new Lifecycle({ parts, settings, builtIn, lost });
    this.replacement = new Replacement(this.lifecycle, events);
  }

  get all(): readonly PluginRecord[] {
    return [...this.lifecycle.records.values()];
  }

  /**
   * Loads and starts every plugin. One that fails is recorded and the others go on.
   * @throws the error of the first plugin that is required and did not become active.
   */
  async start(sources: readonly PluginSource[]): Promise<void> {
    const records = sources.map((source) => this.lifecycle.adopt(source));
    await Promise.all(records.map((record) => this.lifecycle.load(record)));
    const graph = this.lifecycle.graphWith();
    this.lifecycle.useGraph(graph);
    for (const id of graph.errors.keys()) await this.lifecycle.start(this.lifecycle.record(id));
    for (const level of graph.levels)
      await Promise.all(level.map((id) => this.lifecycle.start(this.lifecycle.record(id))));
    const missing = this.all.find((r) => r.source.required && !isUp(r));
    if (missing)
      throw new SoulboxError(
        missing.error?.code ?? 'plugin_failed',
        `plugin ${missing.id} (${missing.source.where}) is required: ${missing.error?.message ?? missing.reason}`,
      );
  }

  private inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.change.then(() => {
      if (this.stopping) throw new SoulboxError('draining', 'the host is shutting down');
      return change();
    });
    this.change = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Replaces a plugin by a new instance of itself, and with it those that use what it provides. One that is not up is
   * tried again.
   * @throws not_found; draining; what is wrong with the new instance: the old one goes on then.
   */
  reload(id: string): Promise<Reloaded> {
    return this.inTurn(() => this.reloadNow(this.lifecycle.record(id)));
  }

  private async reloadNow(record: PluginRecord): Promise<Reloaded> {
    const before = record.checked;
    if (!isUp(record)) return this.revive(record);
    const records = [record, ...this.lifecycle.dependents(record.id).filter(isUp)];
    await this.replacement.replace(records);
    const { checked } = record;
    const kept = checked?.isolation === 'inline' && checked.folder === before?.folder;
    return {
      id: record.id,
      version: checked?.manifest.version ?? null,
      code: kept ? 'kept' : 'fresh',
      reloaded: records.map((each) => each.id),
    };
  }

  /** Starts a plugin that is not up, and those that were blocked by it. @throws why it does not come up */
  private async revive(record: PluginRecord): Promise<Reloaded> {
    await record.loaded?.dispose();
    record.loaded = undefined;
    await this.lifecycle.load(record);
    this.lifecycle.useGraph(this.lifecycle.graphWith());
    if (record.loaded) await this.lifecycle.start(record);
    if (!isUp(record))
      throw (
        record.error ?? new SoulboxError('plugin_failed', `plugin ${record.id} is ${record.state}: ${record.reason}`)
      );
    const blocked = this.lifecycle.dependents(record.id).filter(({ state }) => state === 'blocked');
    for (const dependent of blocked) await this.lifecycle.start(dependent);
    const version = record.checked?.manifest.version ?? null;
    return { id: record.id, version, code: 'fresh', reloaded: [record, ...blocked].filter(isUp).map(({ id }) => id) };
  }

  /**
   * Makes the running plugins those of a changed configuration: removed ones stop, changed ones are replaced, new ones
   * start. Returns what went wrong, by plugin; the others are not concerned.
   */
  apply(sources: readonly PluginSource[]): Promise<ReadonlyMap<string, unknown>> {
    return this.inTurn(async () => {
      const problems = new Map<string, unknown>();
      const wanted = new Map(sources.map((source) => [source.id, source]));
      for (const record of this.all) if (!wanted.has(record.id)) await this.remove(record);
      for (const source of sources) {
        const present = this.lifecycle.records.get(source.id);
        if (present && present.source.fingerprint === source.fingerprint) {
          // Its lines may have moved.
          present.source = source;
          continue;
        }
        await this.changeTo(source).catch((error: unknown) => problems.set(source.id, error));
      }
      return problems;
    });
  }

  private async remove(record: PluginRecord): Promise<void> {
    await this.block(record, `plugin ${record.id} was removed`);
    await this.lifecycle.stop(record);
    await record.loaded?.dispose();
    this.lifecycle.records.delete(record.id);
    this.lifecycle.useGraph(this.lifecycle.graphWith());
  }

  private async changeTo(source: PluginSource): Promise<void> {
    const before = this.lifecycle.records.get(source.id)?.source;
    const record = this.lifecycle.adopt(source);
    try {
      await this.reloadNow(record);
    } catch (thrown) {
      // What still runs is what was configured before.
      if (before && isUp(record)) record.source = before;
      throw thrown;
    }
  }

  /** Stops those that cannot do without a plugin, the last to have started first. */
  private async block(record: PluginRecord, reason: string): Promise<void> {
    for (const dependent of this.lifecycle.dependents(record.id).toReversed()) {
      if (!dependent.instance) continue;
      await this.lifecycle.release(dependent);
      await this.lifecycle.change(dependent, 'blocked', reason);
    }
  }

  /** Takes a plugin out of service for what it did, and with it those that cannot do without it. */
  async quarantine(id: string, thrown: unknown): Promise<void> {
    const record = this.lifecycle.records.get(id);
    // Code that does one wrong is often caught doing another before it is gone.
    if (!record || record.state === 'failed' || this.quarantining.has(id)) return;
    this.quarantining.add(id);
    await this.block(record, `plugin ${id} failed`);
    await this.lifecycle.release(record);
    await this.lifecycle.fail(record, thrown);
    this.quarantining.delete(id);
  }

  private async lost(record: PluginRecord, loaded: LoadedPlugin | undefined, error: SoulboxError): Promise<void> {
    // A new or a replaced instance is the business of whoever sets it up or gives it up.
    if (!loaded || (record.instance?.loaded !== loaded && record.loaded !== loaded)) return;
    if (record.loaded === loaded) record.loaded = undefined;
    await this.quarantine(record.id, error);
    const delayMs = nextRestart(record, this.settings.pluginRestarts);
    if (delayMs === undefined || this.stopping) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.restart(record);
    }, delayMs);
    this.timers.add(timer);
  }

  private async restart(record: PluginRecord): Promise<void> {
    record.restarts += 1;
    // Why it did not come up is in its state.
    await this.inTurn(async () => (record.state === 'failed' ? this.revive(record) : undefined)).catch(() => undefined);
  }

  /** Stops everything, dependents before what they use. Never rejects. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const timer of this.timers) clearTimeout(timer);
    await this.change;
    await this.replacement.settled();
    for (const level of this.lifecycle.levels.toReversed())
      await Promise.all(level.map((id) => this.lifecycle.stop(this.lifecycle.record(id))));
    // Those that never came up may have a process all the same.
    await Promise.all(this.all.flatMap(({ loaded }) => loaded?.dispose() ?? []));
  }

  /** Asks each active plugin that has a health check, each within a second, and records what it says. */
  async checkHealth(): Promise<void> {
    await Promise.all(this.all.map((record) => this.checkOne(record)));
  }

  private async checkOne(record: PluginRecord): Promise<void> {
    const health = record.instance?.health;
    if (!health || !isUp(record)) return;
    const late = () => new SoulboxError('plugin_timeout', 'the health check did not answer within 1000 ms');
    const answer = await withDeadline(
      runAs(record.id, async () => parse(HealthStatusSchema, await health(), 'plugin_failed')),
      1_000,
      late,
    ).catch((error: unknown) => ({
      status: 'down' as const,
      detail: isSoulboxError(error) ? error.message : 'the health check failed',
    }));
    const up = answer.status === 'up';
    const [to, reason] = up ? (['active', null] as const) : (['degraded', answer.detail ?? answer.status] as const);
    // It may have been stopped or put into quarantine while it was asked.
    if (isUp(record) && (to !== record.state || reason !== record.reason))
      await this.lifecycle.change(record, to, reason);
  }
}
