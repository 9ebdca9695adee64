import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import {
  AuthProvider,
  SoulboxError,
  type Disposer,
  type HealthStatus,
  type HookDefinition,
  type HookName,
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
import type { HookBus } from '../hooks/hook-bus.ts';
import type { TapOwner } from '../hooks/tap.ts';
import type { OperationCatalogue } from '../operations/catalogue.ts';
import type { Scope } from '../scope.ts';
import type { Services } from '../services.ts';
import type { PluginRecord } from './record.ts';
import { SkipSignal } from './skip-signal.ts';

/** What the host shares with every plugin's context. */
export interface HostParts {
  readonly hooks: HookBus;
  readonly services: Services;
  readonly operations: OperationCatalogue;
  readonly log: Logger;
  readonly dataDir: string;
  readonly deploymentId: string;
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
  private readonly record: PluginRecord;
  private readonly scope: Scope;

  constructor(parts: HostParts, record: PluginRecord, scope: Scope, config: Readonly<Record<string, unknown>>) {
    this.parts = parts;
    this.record = record;
    this.scope = scope;
    this.id = record.id;
    this.config = config;
    this.log = parts.log.child({ plugin: record.id });
    this.deploymentId = parts.deploymentId;
    this.hooks = {
      tap: (hook, fn, options) => this.tap(hook, fn, options),
      define: (hook, definition) => this.define(hook, definition),
    };
  }

  get signal(): AbortSignal {
    return this.scope.signal;
  }

  private get owner(): TapOwner {
    return { id: this.id, log: this.log, signal: this.signal };
  }

  /** Keeps something until the plugin stops; giving it back earlier is allowed and happens once. */
  private keep(label: string, held: Disposable): Disposable {
    const forget = this.scope.add(label, () => held[Symbol.dispose]());
    return {
      [Symbol.dispose]: () => {
        if (forget()) held[Symbol.dispose]();
      },
    };
  }

  private tap<N extends HookName>(hook: N, fn: Tap<Hooks[N]>, options?: TapOptions): Disposable {
    this.scope.assertOpen(`tap ${hook}`);
    return this.keep(
      `tap ${hook}`,
      this.parts.hooks.tap(this.owner, hook, fn, options, this.record.manifest?.soulbox.permissions.hooks ?? []),
    );
  }

  private define(hook: string, definition: HookDefinition): Disposable {
    this.scope.assertOpen(`hook ${hook}`);
    return this.keep(`hook ${hook}`, this.parts.hooks.define(this.id, hook, definition));
  }

  async dataDir(): Promise<string> {
    const folder = pluginDataDir(this.parts.dataDir, this.id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  provide<T>(token: Token<T>, service: T, name?: string): void {
    this.scope.assertOpen(`provide ${token.id}`);
    if (!this.record.plugin?.definition.provides?.some((offered) => offered.key === token.key)) {
      throw new SoulboxError(
        'plugin_failed',
        `plugin ${this.id} provides ${token.id}, which its definition does not list`,
      );
    }
    if (typeof service !== 'object' || service === null)
      throw new SoulboxError(
        'plugin_failed',
        `plugin ${this.id} provides ${token.id} with something that is not an object`,
      );
    this.keep(`provide ${token.id}`, this.parts.services.provide(this.id, token, service, name));
    this.record.provided.push(name === undefined ? token.id : `${token.id}:${name}`);
    if (token.key === AuthProvider.key)
      this.keep('authenticate', tapProvider(this.parts.hooks, this.owner, service as unknown as AuthProvider));
  }

  operation<P extends Schema, R extends Schema>(
    definition: OperationDefinition<P, R>,
    handler: OperationHandler<P, R>,
  ): void {
    this.scope.assertOpen(`operation ${definition.name}`);
    this.keep(`operation ${definition.name}`, this.parts.operations.add(this.id, definition, handler));
  }

  async effect(acquire: () => void | Disposer | Promise<void | Disposer>, label = 'effect'): Promise<void> {
    this.scope.assertOpen(label);
    const dispose = await acquire();
    if (typeof dispose !== 'function') return;
    // Stopped while it was being acquired: nobody else would give it back.
    if (this.signal.aborted) await dispose();
    else this.scope.add(label, dispose);
  }

  health(check: () => Promise<HealthStatus>): void {
    this.record.health = check;
  }

  skip(reason: string): never {
    throw new SkipSignal(reason);
  }
}
