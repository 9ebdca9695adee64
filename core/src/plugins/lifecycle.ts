import { isSoulboxError, SoulboxError, type AnyToken, type PluginDefinition } from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { runAs } from './attribution.ts';
import { buildGraph, type Graph, type GraphNode } from './graph.ts';
import type { HostParts } from './plugin-context.ts';
import { PluginInstance } from './plugin-instance.ts';
import { isUp, newRecord, type PluginRecord, type PluginState } from './record.ts';
import { SkipSignal } from './skip-signal.ts';
import type { CheckedPlugin, LoadedPlugin, PluginSource } from './source.ts';

export interface LifecycleOptions {
  readonly parts: HostParts;
  readonly settings: Config['host'];
  /** Tokens that the host itself provides. */
  readonly builtIn: readonly AnyToken[];
  /** The process of a plugin ended by itself. */
  readonly lost: (record: PluginRecord, loaded: LoadedPlugin | undefined, error: SoulboxError) => void;
}

/** Each plugin on its way through its states, and who needs whom. */
export class Lifecycle {
  readonly records = new Map<string, PluginRecord>();
  readonly options: LifecycleOptions;
  private graph: Graph = { levels: [], errors: new Map(), needed: new Map() };

  constructor(options: LifecycleOptions) {
    this.options = options;
  }

  get levels(): Graph['levels'] {
    return this.graph.levels;
  }

  /** @throws not_found */
  record(id: string): PluginRecord {
    const found = this.records.get(id);
    if (!found) throw new SoulboxError('not_found', `no plugin ${id.slice(0, 100)} is configured`);
    return found;
  }

  /** Takes a source up, in the place of the one of the same id. */
  adopt(source: PluginSource): PluginRecord {
    const present = this.records.get(source.id);
    const record = present ?? newRecord(source);
    record.source = source;
    this.records.set(source.id, record);
    return record;
  }

  /** Finds and imports a plugin's code for its next set-up. One that cannot be had is recorded as failed. */
  async load(record: PluginRecord): Promise<void> {
    try {
      record.checked = await record.source.check();
      record.loaded = await this.import(record, record.checked);
      record.plugin = record.loaded.plugin;
    } catch (thrown) {
      await this.fail(record, thrown);
    }
  }

  /** @throws what the module throws; plugin_timeout, and nothing of it is left then. */
  async import(record: PluginRecord, checked: CheckedPlugin): Promise<LoadedPlugin> {
    const { pluginStartMs: ms } = this.options.settings;
    let loaded: LoadedPlugin | undefined;
    const importing = runAs(record.id, () =>
      checked.import({ lost: (error) => this.options.lost(record, loaded, error) }),
    );
    const late = () => new SoulboxError('plugin_timeout', `plugin ${record.id} was not imported within ${ms} ms`);
    try {
      loaded = await withDeadline(importing, ms, late);
      return loaded;
    } catch (thrown) {
      void importing.then((tooLate) => tooLate.dispose()).catch(() => undefined);
      throw thrown;
    }
  }

  /** The graph with other definitions for some; nothing is changed. */
  graphWith(definitions: ReadonlyMap<string, PluginDefinition> = new Map()): Graph {
    const nodes: GraphNode[] = [...this.records.values()].flatMap((record) => {
      const definition = definitions.get(record.id) ?? record.plugin?.definition;
      return definition ? [{ id: record.id, definition, where: record.source.where }] : [];
    });
    return buildGraph(nodes, this.options.builtIn);
  }

  useGraph(graph: Graph): void {
    this.graph = graph;
  }

  neededBy(id: string): readonly string[] {
    return this.graph.needed.get(id) ?? [];
  }

  /** Plugins that use, directly or through others, what `id` provides, in the order in which they start. */
  dependents(id: string): PluginRecord[] {
    const found = new Set([id]);
    for (const level of this.levels)
      for (const other of level) if (this.neededBy(other).some((provider) => found.has(provider))) found.add(other);
    found.delete(id);
    return [...found].map((other) => this.record(other));
  }

  /** Sets up a plugin that was loaded, or says why not in its state. Never rejects. */
  async start(record: PluginRecord): Promise<void> {
    const refused = this.graph.errors.get(record.id);
    if (refused) return this.fail(record, refused);
    const lacking = this.neededBy(record.id).find((id) => !isUp(this.record(id)));
    if (lacking !== undefined)
      return this.change(record, 'blocked', `plugin ${lacking} is ${this.record(lacking).state}`);
    if (!record.loaded) await this.load(record);
    const { checked, loaded } = record;
    if (!checked || !loaded) return;
    await this.change(record, 'starting');
    const instance = new PluginInstance(record.id, checked, loaded, true);
    record.instance = instance;
    record.loaded = undefined;
    // Its code may put it, or what it needs, into quarantine before it is up; that has then been dealt with.
    const released = () => record.instance !== instance;
    try {
      await instance.setUp(this.setUpOptions(record));
      if (released()) return;
      record.error = undefined;
      await this.change(record, 'active');
    } catch (thrown) {
      if (released()) return;
      await this.release(record);
      if (thrown instanceof SkipSignal) await this.change(record, 'skipped', thrown.message);
      else await this.fail(record, thrown);
    }
  }

  setUpOptions({ source }: PluginRecord) {
    const { parts, settings } = this.options;
    return { parts, own: source, startMs: settings.pluginStartMs };
  }

  async stop(record: PluginRecord): Promise<void> {
    if (!isUp(record)) return;
    await this.change(record, 'draining');
    await this.release(record);
    await this.change(record, 'stopped');
  }

  /** Gives back what the instance of a plugin holds, if it has one. */
  async release(record: PluginRecord): Promise<void> {
    const { instance } = record;
    record.instance = undefined;
    const label = instance && (await this.dispose(instance));
    if (label !== undefined) record.reason = `did not stop cleanly: ${label}`;
  }

  /** Releases an instance and returns what it did not give back, if anything. */
  async dispose(instance: PluginInstance): Promise<string | undefined> {
    const { parts, settings } = this.options;
    const problems = await instance.release(settings.pluginStopMs);
    for (const { label, error } of problems)
      parts.log.warn({ plugin: instance.id, err: error, label }, 'a plugin did not give everything back');
    return problems.at(-1)?.label;
  }

  async fail(record: PluginRecord, thrown: unknown): Promise<void> {
    const message = thrown instanceof Error ? thrown.message : 'threw something that is not an error';
    record.error = isSoulboxError(thrown) ? thrown : new SoulboxError('plugin_failed', message, { cause: thrown });
    this.options.parts.log.error({ plugin: record.id, err: thrown }, 'a plugin is out of service');
    await this.change(record, 'failed', record.error.message);
  }

  async change(record: PluginRecord, to: PluginState, reason: string | null = null): Promise<void> {
    const from = record.state;
    record.state = to;
    record.since = new Date();
    record.reason = reason ?? (to === 'stopped' ? record.reason : null);
    await this.options.parts.hooks.call('plugin.changed', { plugin: record.id, from, to, reason: record.reason });
  }
}
