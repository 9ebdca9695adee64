import { SoulboxError, type AnyToken, type HealthStatus } from '@soulbox/plugin-sdk';
import { withDeadline } from '../deadline.ts';
import { Scope } from '../scope.ts';
import { runAs } from './attribution.ts';
import type { OwnConfig } from './definition.ts';
import type { Manifest } from './manifest.ts';
import { Context, type HostParts } from './plugin-context.ts';
import { Registrations } from './registrations.ts';
import type { CheckedPlugin, LoadedPlugin } from './source.ts';

/** Services that take their place only with the instances that provide them, by the keys of their tokens. */
export type StagedServices = ReadonlyMap<symbol, unknown>;

export interface SetUpOptions {
  readonly parts: HostParts;
  readonly own: OwnConfig;
  readonly startMs: number;
  readonly staged?: StagedServices;
}

/** One run of a plugin's code: from set-up to the last thing given back. */
export class PluginInstance {
  readonly id: string;
  readonly manifest: Manifest;
  readonly loaded: LoadedPlugin;
  readonly scope = new Scope();
  readonly registrations: Registrations;
  /** What it provides, for people: `token` or `token:name`. */
  readonly provided: string[] = [];
  /** What it provides under tokens with one provider. */
  readonly services = new Map<symbol, unknown>();
  health: (() => Promise<HealthStatus>) | undefined;
  startedMs = 0;
  private released: Promise<readonly { label: string; error: unknown }[]> | undefined;

  /** `live`: what it registers counts at once, and not only when it takes another's place. */
  constructor(id: string, { manifest }: Pick<CheckedPlugin, 'manifest'>, loaded: LoadedPlugin, live: boolean) {
    this.id = id;
    this.manifest = manifest;
    this.loaded = loaded;
    this.registrations = new Registrations(live);
  }

  provides(token: AnyToken): boolean {
    return this.loaded.plugin.definition.provides?.some((offered) => offered.key === token.key) ?? false;
  }

  /** @throws what the plugin throws; config_invalid; capability_missing; plugin_timeout; a SkipSignal. */
  async setUp({ parts, own, startMs, staged }: SetUpOptions): Promise<void> {
    const begun = performance.now();
    const { definition } = this.loaded.plugin;
    const config = await this.loaded.parseConfig(own);
    const context = new Context(parts, this, Object.freeze(config) as Record<string, unknown>);
    const services = parts.services.resolve(this.id, definition.requires ?? {}, staged);
    const setup = runAs(this.id, () => context.effect(() => definition.setup(context, services as never), 'setup'));
    const late = () => new SoulboxError('plugin_timeout', `plugin ${this.id} was not set up within ${startMs} ms`);
    await withDeadline(setup, startMs, late);
    this.assertProvidesAll();
    this.startedMs = performance.now() - begun;
  }

  private assertProvidesAll(): void {
    const owed = this.loaded.plugin.definition.provides?.find(
      (token) => !this.provided.some((name) => name === token.id || name.startsWith(`${token.id}:`)),
    );
    if (!owed) return;
    const message = `plugin ${this.id} lists ${owed.id} under provides but did not provide it`;
    throw new SoulboxError('plugin_failed', message);
  }

  /** Takes down what it put up, gives back what it acquired and ends its process. Never rejects; a repeat waits for the first. */
  release(stopMs: number): Promise<readonly { label: string; error: unknown }[]> {
    this.released ??= this.giveBack(stopMs);
    return this.released;
  }

  private async giveBack(stopMs: number): Promise<readonly { label: string; error: unknown }[]> {
    this.registrations.withdraw();
    const problems = await runAs(this.id, () => this.scope.dispose(stopMs));
    await this.loaded.dispose();
    return problems;
  }
}
