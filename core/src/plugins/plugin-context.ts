import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import {
  AuthProvider,
  SoulboxError,
  type Disposer,
  type HealthStatus,
  type HookArguments,
  type HookDefinition,
  type HookName,
  type HookResult,
  type Hooks,
  type HookTaps,
  type OperationDefinition,
  type OperationHandler,
  type PluginContext,
  type Schema,
  type Tap,
  type TapOptions,
  type Token,
} from '@soulbox/plugin-sdk';
import { tapProvider } from '../access/authenticate.ts';
import { bindMethods } from '../bind-methods.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { TapOwner } from '../hooks/tap.ts';
import { pluginLog } from '../log.ts';
import type { OperationCatalogue } from '../operations/catalogue.ts';
import type { Services } from '../services.ts';
import type { Traffic } from '../traffic.ts';
import { assertService } from './contracts.ts';
import type { PluginInstance } from './plugin-instance.ts';
import { SkipSignal } from './skip-signal.ts';

/** What the host shares with every plugin's context. */
export interface HostParts {
  readonly hooks: HookBus;
  readonly services: Services;
  readonly operations: OperationCatalogue;
  readonly log: Logger;
  readonly dataDir: string;
  readonly deploymentId: string;
  readonly traffic: Traffic;
}

/** Where an instance keeps its data. */
export function pluginDataDir(dataDir: string, id: string): string {
  return join(dataDir, 'plugins', id.replace(':', '@'));
}

/** The host as one plugin sees it. Everything done through it is undone with its scope. */
export class Context implements PluginContext {
  readonly id: string;
  readonly log: Logger;
  readonly hooks: HookTaps;
  readonly config: Readonly<Record<string, unknown>>;
  readonly deploymentId: string;
  private readonly parts: HostParts;
  private readonly instance: PluginInstance;

  constructor(parts: HostParts, instance: PluginInstance, config: Readonly<Record<string, unknown>>) {
    this.parts = parts;
    this.instance = instance;
    this.id = instance.id;
    this.config = config;
    this.log = pluginLog(parts.log, instance.id);
    this.deploymentId = parts.deploymentId;
    this.hooks = {
      tap: (hook, fn, options) => this.tap(hook, fn, options),
      define: (hook, definition) => this.define(hook, definition),
      call: (hook, ...args) => this.call(hook, args),
    };
    bindMethods(this);
    // It passes from hand to hand within a plugin, and its methods are those of every plugin.
    Object.freeze(this.hooks);
    Object.freeze(this);
  }

  static {
    Object.freeze(this.prototype);
  }

  get signal(): AbortSignal {
    return this.instance.scope.signal;
  }

  private get owner(): TapOwner {
    return { id: this.id, log: this.log, signal: this.signal };
  }

  private tap<N extends HookName>(hook: N, fn: Tap<Hooks[N]>, options?: TapOptions): Disposable {
    this.instance.scope.assertOpen(`tap ${hook}`);
    const { hooks } = this.instance.manifest.soulbox.permissions;
    return this.instance.registrations.add(() => this.parts.hooks.tap(this.owner, hook, fn, options, hooks));
  }

  private define(hook: string, definition: HookDefinition): Disposable {
    this.instance.scope.assertOpen(`hook ${hook}`);
    return this.instance.registrations.add(() => this.parts.hooks.define(this.id, hook, definition));
  }

  private async call<N extends HookName>(hook: N, args: HookArguments<Hooks[N]>): Promise<HookResult<Hooks[N]>> {
    this.instance.scope.assertOpen(`call ${hook}`);
    if (!hook.startsWith(`${this.id}.`))
      throw new SoulboxError('plugin_failed', `plugin ${this.id} calls hook ${hook}, which is not its own`);
    return this.parts.hooks.call(hook, ...args);
  }

  async dataDir(): Promise<string> {
    const folder = pluginDataDir(this.parts.dataDir, this.id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  provide<T>(token: Token<T>, service: T, name?: string): void {
    this.instance.scope.assertOpen(`provide ${token.id}`);
    if (!this.instance.provides(token)) {
      throw new SoulboxError(
        'plugin_failed',
        `plugin ${this.id} provides ${token.id}, which its definition does not list`,
      );
    }
    assertService(this.id, token, service);
    const { registrations, provided, services } = this.instance;
    const known = name === undefined ? undefined : this.ownName(name);
    registrations.add(() => this.parts.services.provide(this.id, token, service, known));
    if (token.key === AuthProvider.key)
      registrations.add(() => tapProvider(this.parts.hooks, this.owner, service as unknown as AuthProvider));
    if (token.kind === 'one') services.set(token.key, service);
    provided.push(known === undefined ? token.id : `${token.id}:${known}`);
  }

  /** A second instance of a plugin, `x:old`, brings what it provides as `name@old` beside the first one's `name`. */
  private ownName(name: string): string {
    const [, suffix] = this.id.split(':');
    return suffix === undefined ? name : `${name}@${suffix}`;
  }

  operation<P extends Schema, R extends Schema>(
    definition: OperationDefinition<P, R>,
    handler: OperationHandler<P, R>,
  ): void {
    this.instance.scope.assertOpen(`operation ${definition.name}`);
    const { operations } = this.instance.manifest.soulbox.permissions;
    if (!operations.includes('*') && !operations.includes(definition.name))
      throw new SoulboxError(
        'operation_not_permitted',
        `plugin ${this.id} adds operation ${definition.name} without declaring it`,
        { details: { plugin: this.id, operation: definition.name } },
      );
    this.instance.registrations.add(() => this.parts.operations.add(this.id, definition, handler));
  }

  async effect(acquire: () => void | Disposer | Promise<void | Disposer>, label = 'effect'): Promise<void> {
    this.instance.scope.assertOpen(label);
    const dispose = await acquire();
    if (typeof dispose !== 'function') return;
    // Stopped while it was being acquired: nobody else would give it back.
    if (this.signal.aborted) await dispose();
    else this.instance.scope.add(label, dispose);
  }

  health(check: () => Promise<HealthStatus>): void {
    this.instance.health = check;
  }

  skip(reason: string): never {
    throw new SkipSignal(reason);
  }
}
