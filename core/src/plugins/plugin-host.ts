import { isSoulboxError, parse, SoulboxError, z, type AnyToken } from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import { withDeadline } from '../deadline.ts';
import { Scope } from '../scope.ts';
import { runAs } from './attribution.ts';
import { buildGraph, type Graph, type GraphNode } from './graph.ts';
import { Context, type HostParts } from './plugin-context.ts';
import { newRecord, type PluginRecord, type PluginState } from './record.ts';
import { SkipSignal } from './skip-signal.ts';
import type { PluginSource } from './source.ts';

function isUp(record: PluginRecord): boolean {
  return record.state === 'active' || record.state === 'degraded';
}

const HealthStatusSchema = z.object({ status: z.enum(['up', 'degraded', 'down']), detail: z.string().optional() });

/** Brings plugins up in the order of what they need, and down again in the reverse one. */
export class PluginHost {
  private readonly records = new Map<string, PluginRecord>();
  private readonly parts: HostParts;
  private readonly deadlines: Config['host'];
  private graph: Graph = { levels: [], errors: new Map(), needed: new Map() };

  constructor(parts: HostParts, deadlines: Config['host']) {
    this.parts = parts;
    this.deadlines = deadlines;
  }

  get all(): readonly PluginRecord[] {
    return [...this.records.values()];
  }

  /**
   * Loads and starts every plugin. One that fails is recorded and the others go on.
   * @throws the error of the first plugin that is required and did not become active.
   */
  async start(sources: readonly PluginSource[], builtIn: readonly AnyToken[]): Promise<void> {
    await Promise.all(sources.map((source) => this.load(source)));
    const nodes: GraphNode[] = this.all.flatMap((r) =>
      r.plugin ? [{ id: r.id, definition: r.plugin.definition, where: r.where }] : [],
    );
    this.graph = buildGraph(nodes, builtIn);
    for (const [id, error] of this.graph.errors) await this.fail(this.record(id), error);
    for (const level of this.graph.levels) await Promise.all(level.map((id) => this.startOne(this.record(id))));
    const missing = this.all.find((r) => r.required && !isUp(r));
    if (missing)
      throw new SoulboxError(
        missing.error?.code ?? 'plugin_failed',
        `plugin ${missing.id} (${missing.where}) is required: ${missing.error?.message ?? missing.reason}`,
      );
  }

  private record(id: string): PluginRecord {
    const found = this.records.get(id);
    if (!found) throw new SoulboxError('internal', `plugin ${id} is not configured`);
    return found;
  }

  private async load(source: PluginSource): Promise<void> {
    const { id, packageName, where, required, rawConfig, locate } = source;
    const record = newRecord({ id, packageName, where, required, rawConfig, locate });
    this.records.set(id, record);
    try {
      const found = await source.check();
      record.manifest = found.manifest;
      record.isolation = found.isolation;
      const imported = runAs(id, () => found.import({ lost: (error) => void this.quarantine(id, error) }));
      record.loaded = await withDeadline(
        imported,
        this.deadlines.pluginStartMs,
        () =>
          new SoulboxError('plugin_timeout', `plugin ${id} was not imported within ${this.deadlines.pluginStartMs} ms`),
      );
      record.plugin = record.loaded.plugin;
    } catch (thrown) {
      await this.fail(record, thrown);
    }
  }

  private async startOne(record: PluginRecord): Promise<void> {
    const lacking = this.neededBy(record.id).find((id) => !isUp(this.record(id)));
    if (lacking !== undefined)
      return this.change(record, 'blocked', `plugin ${lacking} is ${this.record(lacking).state}`);
    const startedAt = performance.now();
    await this.change(record, 'starting');
    const scope = new Scope();
    record.scope = scope;
    // Its code may put it, or what it needs, into quarantine before it is up; that has then been dealt with.
    const released = () => record.scope !== scope;
    try {
      await this.setUp(record, scope);
      if (released()) return;
      record.startedMs = performance.now() - startedAt;
      await this.change(record, 'active');
    } catch (thrown) {
      if (released()) return;
      await this.release(record);
      if (thrown instanceof SkipSignal) await this.change(record, 'skipped', thrown.message);
      else await this.fail(record, thrown);
    }
  }

  private async setUp(record: PluginRecord, scope: Scope): Promise<void> {
    const definition = record.plugin?.definition;
    if (!definition) throw new SoulboxError('internal', `plugin ${record.id} was not loaded`);
    const config = await record.loaded?.parseConfig(record);
    const context = new Context(this.parts, record, scope, Object.freeze(config) as Record<string, unknown>);
    const services = this.parts.services.resolve(record.id, definition.requires ?? {});
    const ms = this.deadlines.pluginStartMs;
    const setup = runAs(record.id, () => context.effect(() => definition.setup(context, services as never), 'setup'));
    const late = () => new SoulboxError('plugin_timeout', `plugin ${record.id} was not set up within ${ms} ms`);
    await withDeadline(setup, ms, late);
    const owed = definition.provides?.find(
      (token) => !record.provided.some((name) => name === token.id || name.startsWith(`${token.id}:`)),
    );
    if (owed)
      throw new SoulboxError(
        'plugin_failed',
        `plugin ${record.id} lists ${owed.id} under provides but did not provide it`,
      );
  }

  private async release(record: PluginRecord): Promise<void> {
    const { scope } = record;
    record.scope = undefined;
    record.health = undefined;
    record.provided = [];
    const problems = await runAs(record.id, async () => scope?.dispose(this.deadlines.pluginStopMs));
    for (const { label, error } of problems ?? []) {
      this.parts.log.warn({ plugin: record.id, err: error, label }, 'a plugin did not give everything back');
      record.reason = `did not stop cleanly: ${label}`;
    }
    await record.loaded?.dispose();
  }

  private async fail(record: PluginRecord, thrown: unknown): Promise<void> {
    const message = thrown instanceof Error ? thrown.message : 'threw something that is not an error';
    record.error = isSoulboxError(thrown) ? thrown : new SoulboxError('plugin_failed', message, { cause: thrown });
    this.parts.log.error({ plugin: record.id, err: thrown }, 'a plugin is out of service');
    await this.change(record, 'failed', record.error.message);
  }

  private async change(record: PluginRecord, to: PluginState, reason: string | null = null): Promise<void> {
    const from = record.state;
    record.state = to;
    record.reason = reason ?? (to === 'stopped' ? record.reason : null);
    await this.parts.hooks.call('plugin.changed', { plugin: record.id, from, to, reason: record.reason });
  }

  private neededBy(id: string): readonly string[] {
    return this.graph.needed.get(id) ?? [];
  }

  /** Plugins that use, directly or through others, what `id` provides; the last to have started first. */
  private dependents(id: string): PluginRecord[] {
    const found = new Set([id]);
    for (const level of this.graph.levels) {
      for (const other of level) {
        if (this.neededBy(other).some((provider) => found.has(provider))) found.add(other);
      }
    }
    found.delete(id);
    return [...found].toReversed().map((other) => this.record(other));
  }

  /** Takes a plugin out of service for what it did, and with it those that cannot do without it. */
  async quarantine(id: string, thrown: unknown): Promise<void> {
    const record = this.records.get(id);
    if (!record || record.state === 'failed') return;
    for (const dependent of this.dependents(id)) {
      if (!dependent.scope) continue;
      await this.release(dependent);
      await this.change(dependent, 'blocked', `plugin ${id} failed`);
    }
    await this.release(record);
    await this.fail(record, thrown);
  }

  /** Stops everything, dependents before what they use. Never rejects. */
  async stop(): Promise<void> {
    for (const level of this.graph.levels.toReversed()) {
      await Promise.all(level.map((id) => this.stopOne(this.record(id))));
    }
    // Those that never came up may have a process all the same.
    await Promise.all(this.all.map((record) => record.loaded?.dispose()));
  }

  private async stopOne(record: PluginRecord): Promise<void> {
    if (!isUp(record)) return;
    await this.change(record, 'draining');
    await this.release(record);
    await this.change(record, 'stopped');
  }

  /** Asks each active plugin that has a health check, each within a second, and records what it says. */
  async checkHealth(): Promise<void> {
    await Promise.all(this.all.map((record) => this.checkOne(record)));
  }

  private async checkOne(record: PluginRecord): Promise<void> {
    const { health } = record;
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
    if (isUp(record) && (to !== record.state || reason !== record.reason)) await this.change(record, to, reason);
  }
}
