import { SoulboxError, type PluginDefinition } from '@soulbox/plugin-sdk';
import { withDeadline } from '../deadline.ts';
import type { Graph } from './graph.ts';
import type { Lifecycle } from './lifecycle.ts';
import { PluginInstance } from './plugin-instance.ts';
import type { PluginRecord } from './record.ts';
import type { CheckedPlugin, LoadedPlugin } from './source.ts';

/** What a host does around the replacement of instances. */
export interface ReplacementEvents {
  /** Nothing that began before the replacement is under way any more; the old instances are given up next. */
  retiring(): Promise<void>;
  /** Plugins are about to be stopped before their successors are there. */
  closing(ids: readonly string[]): Promise<void>;
  /** The successors are up. */
  opened(ids: readonly string[]): Promise<void>;
}

interface Candidate {
  readonly record: PluginRecord;
  readonly checked: CheckedPlugin;
  readonly loaded: LoadedPlugin;
}

/** What a plugin was before it was stopped for its successor. */
interface Before extends Pick<PluginRecord, 'checked' | 'plugin'> {
  readonly record: PluginRecord;
}

/** Puts new instances of plugins in the place of running ones. */
export class Replacement {
  private readonly lifecycle: Lifecycle;
  private readonly events: ReplacementEvents;
  private readonly retirements = new Set<Promise<void>>();

  constructor(lifecycle: Lifecycle, events: ReplacementEvents) {
    this.lifecycle = lifecycle;
    this.events = events;
  }

  /** Resolves when every instance that was replaced has been given up. */
  async settled(): Promise<void> {
    await Promise.all(this.retirements);
  }

  /**
   * Replaces the instances of plugins, which come in the order in which they start. The old ones serve until the new
   * ones are all set up, and finish what they have begun; where one of them must be alone, new work waits instead.
   * @throws what is wrong with the new ones; the old ones go on then.
   */
  async replace(records: readonly PluginRecord[]): Promise<void> {
    const candidates: Candidate[] = [];
    try {
      for (const record of records) candidates.push(await this.candidate(record));
      const graph = this.graphFor(candidates);
      const alone = candidates.some(({ record, loaded }) =>
        [loaded.plugin, record.plugin].some((plugin) => plugin?.definition.reload === 'exclusive'),
      );
      await (alone ? this.oneAfterTheOther(candidates, graph) : this.sideBySide(candidates, graph));
    } catch (thrown) {
      await Promise.all(candidates.map(({ loaded }) => loaded.dispose()));
      throw thrown;
    }
  }

  /** @throws plugin_failed when the code of a plugin in this process would have to be another. */
  private async candidate(record: PluginRecord): Promise<Candidate> {
    const checked = await record.source.check();
    const before = record.checked;
    const sameFiles = checked.isolation === 'inline' && checked.folder !== null && checked.folder === before?.folder;
    const [from, to] = [before?.manifest.version, checked.manifest.version];
    if (sameFiles && from !== to)
      throw new SoulboxError(
        'plugin_failed',
        `plugin ${record.id} changed from ${from} to ${to} under a running host: restart the host, or give it isolation: process`,
      );
    return { record, checked, loaded: await this.lifecycle.import(record, checked) };
  }

  private graphFor(candidates: readonly Candidate[]): Graph {
    const definitions = new Map<string, PluginDefinition>(
      candidates.map(({ record, loaded }) => [record.id, loaded.plugin.definition]),
    );
    const graph = this.lifecycle.graphWith(definitions);
    for (const { record } of candidates) {
      const error = graph.errors.get(record.id);
      if (error) throw error;
    }
    return graph;
  }

  private async sideBySide(candidates: readonly Candidate[], graph: Graph): Promise<void> {
    const fresh: PluginInstance[] = [];
    try {
      const staged = new Map<symbol, unknown>();
      for (const { record, checked, loaded } of candidates) {
        const instance = new PluginInstance(record.id, checked, loaded, false);
        fresh.push(instance);
        await instance.setUp({ ...this.lifecycle.setUpOptions(record), staged });
        for (const [key, service] of instance.services) staged.set(key, service);
      }
      this.swap(candidates, fresh, graph);
    } catch (thrown) {
      for (const instance of fresh.toReversed()) await this.lifecycle.dispose(instance);
      throw thrown;
    }
    for (const { record } of candidates) await this.lifecycle.change(record, 'active', null);
  }

  /** In one turn: there is no moment without a filter, a veto or a service. */
  private swap(candidates: readonly Candidate[], fresh: readonly PluginInstance[], graph: Graph): void {
    const old = candidates.flatMap(({ record }) => record.instance ?? []);
    for (const instance of old.toReversed()) instance.registrations.withdraw();
    const up: PluginInstance[] = [];
    try {
      for (const instance of fresh) {
        instance.registrations.commit();
        up.push(instance);
      }
    } catch (thrown) {
      for (const instance of up.toReversed()) instance.registrations.withdraw();
      for (const instance of old) instance.registrations.commit();
      throw thrown;
    }
    candidates.forEach(({ record, checked, loaded }, at) => {
      Object.assign(record, { checked, plugin: loaded.plugin, instance: fresh[at] });
    });
    this.lifecycle.useGraph(graph);
    this.retire(old);
  }

  private retire(old: readonly PluginInstance[]): void {
    const retirement = this.giveUp(old).finally(() => this.retirements.delete(retirement));
    this.retirements.add(retirement);
  }

  private async giveUp(old: readonly PluginInstance[]): Promise<void> {
    const { parts, settings } = this.lifecycle.options;
    const late = () => new SoulboxError('deadline_exceeded', `work is still under way after ${settings.drainMs} ms`);
    await withDeadline(parts.traffic.work.quiesced(), settings.drainMs, late).catch((error: unknown) =>
      parts.log.warn({ err: error }, 'replaced plugins are given up under their work'),
    );
    await this.events.retiring();
    for (const instance of old.toReversed()) await this.lifecycle.dispose(instance);
  }

  private async oneAfterTheOther(candidates: readonly Candidate[], graph: Graph): Promise<void> {
    const { parts, settings } = this.lifecycle.options;
    const ids = candidates.map(({ record }) => record.id);
    await parts.traffic.door.whileShut(async () => {
      const late = () => new SoulboxError('deadline_exceeded', 'calls are still under way');
      // Those that are not over by then meet the end of what they use.
      await withDeadline(parts.traffic.brief.quiesced(), settings.pluginStopMs, late).catch(() => undefined);
      await this.events.closing(ids);
      const before = candidates.map(({ record }) => ({ record, checked: record.checked, plugin: record.plugin }));
      for (const { record } of candidates.toReversed()) await this.lifecycle.stop(record);
      this.lifecycle.useGraph(graph);
      for (const { record, checked, loaded } of candidates) {
        Object.assign(record, { checked, loaded, plugin: loaded.plugin });
        await this.lifecycle.start(record);
      }
      const failed = candidates.find(({ record }) => record.state !== 'active');
      if (!failed) return;
      const { error, reason } = failed.record;
      await this.restore(before);
      throw error ?? new SoulboxError('plugin_failed', `plugin ${failed.record.id}: ${reason}`);
    });
    await this.events.opened(ids);
  }

  /** Sets up again what ran before. The code of a plugin in a process of its own is read afresh, and may be what failed. */
  private async restore(before: readonly Before[]): Promise<void> {
    for (const { record } of before.toReversed()) await this.lifecycle.stop(record);
    for (const { record, checked, plugin } of before) Object.assign(record, { checked, plugin, loaded: undefined });
    this.lifecycle.useGraph(this.lifecycle.graphWith());
    for (const { record, checked } of before) {
      if (checked) record.loaded = await this.lifecycle.import(record, checked).catch(() => undefined);
      await this.lifecycle.start(record);
    }
    await this.events.opened(before.map(({ record }) => record.id));
  }
}
