import type { Logger } from 'pino';
import { inputJsonSchema, SoulboxError, type Plugin, type PluginDefinition } from '@soulbox/plugin-sdk';
import { parseSettings } from '../../plugins/definition.ts';
import { importPlugin, type ResolvedPackage } from '../../plugins/resolve.ts';
import type { AnyFunction, Bridge } from '../bridge.ts';
import { protocolVersion, tokenData, type Description } from '../protocol.ts';
import { RunnerContext, type InstanceData } from './context.ts';

/** The one plugin of this process, from import to stop: what the host calls by name. */
export class PluginSession {
  readonly root: Readonly<Record<string, AnyFunction>> = {
    import: (found: ResolvedPackage) => this.import(found),
    parseConfig: (raw: Readonly<Record<string, unknown>>) => this.parseConfig(raw),
    setup: (instance: InstanceData, services: Record<string, unknown>) => this.setUp(instance, services),
    stop: (deadlineMs: number) => this.stop(deadlineMs),
    ping: () => true,
  };
  private readonly bridge: () => Bridge;
  private readonly log: Logger;
  private plugin: Plugin | undefined;
  private config: unknown = {};
  private context: RunnerContext | undefined;

  constructor(bridge: () => Bridge, log: Logger) {
    this.bridge = bridge;
    this.log = log;
  }

  private get definition(): PluginDefinition {
    if (!this.plugin) throw new SoulboxError('internal', 'the plugin was not imported');
    return this.plugin.definition;
  }

  private async import(found: ResolvedPackage): Promise<Description> {
    this.plugin = await importPlugin(found);
    const { id, config, requires = {}, provides = [], reload } = this.definition;
    const wanted = Object.entries(requires).map(([name, requirement]) => {
      const token = 'token' in requirement ? requirement.token : requirement;
      return [name, { token: tokenData(token), optional: requirement.optional === true }] as const;
    });
    return {
      protocol: protocolVersion,
      id,
      config: config ? inputJsonSchema(config) : null,
      requires: Object.fromEntries(wanted),
      provides: provides.map(tokenData),
      reload,
    };
  }

  /** Kept here, since what a schema makes of settings need not be plain data. Their lines are known to the host. */
  private parseConfig(rawConfig: Readonly<Record<string, unknown>>): void {
    this.config = parseSettings(rawConfig, this.definition.config);
  }

  private async setUp(instance: InstanceData, services: Record<string, unknown>): Promise<void> {
    const context = new RunnerContext(this.bridge(), instance, Object.freeze(this.config), this.log);
    this.context = context;
    await context.effect(() => this.definition.setup(context, Object.freeze(services) as never), 'setup');
    await context.settled();
  }

  private async stop(deadlineMs: number): Promise<readonly { label: string; error: unknown }[]> {
    return (await this.context?.scope.dispose(deadlineMs)) ?? [];
  }
}
