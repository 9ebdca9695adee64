import type { Logger } from 'pino';
import type { HookArguments, HookDefinition, HookName, HookResult, Hooks, Tap, TapOptions } from './hooks.ts';
import type { OperationDefinition, OperationHandler } from './operation.ts';
import type { Schema, SchemaOutput } from './schema.ts';
import type { AnyToken, Requires, Resolved, Token } from './token.ts';

export type Disposer = () => void | Promise<void>;

/** `inline`: in the host's process, trusted. `process`: in a process of its own. */
export type Isolation = 'inline' | 'process';

export interface HealthStatus {
  readonly status: 'up' | 'degraded' | 'down';
  readonly detail?: string;
}

/** A plugin's way to hooks. Every tap is undone when the plugin stops. */
export interface HookTaps {
  /** @throws hook_not_permitted for a privileged hook that the manifest does not list. */
  tap<N extends HookName>(hook: N, fn: Tap<Hooks[N]>, options?: TapOptions): Disposable;
  /** Declares a hook of the plugin's own, named `<plugin id>.<name>`. */
  define(hook: string, definition: HookDefinition): Disposable;
  /**
   * Calls a hook of the plugin's own: observers answer with nothing, bail hooks with the first answer, waterfalls with
   * the final value.
   * @throws plugin_failed for a foreign hook; what a tap throws, where the hook's policy is `fail`.
   */
  call<N extends HookName>(hook: N, ...args: HookArguments<Hooks[N]>): Promise<HookResult<Hooks[N]>>;
}

/** All that a plugin gets from the host, apart from the services that it requires. */
export interface PluginContext<C = unknown> {
  /** The instance: the key under `plugins` in the configuration. */
  readonly id: string;
  readonly config: Readonly<C>;
  readonly log: Logger;
  /** Aborted when the plugin begins to stop. */
  readonly signal: AbortSignal;
  readonly hooks: HookTaps;
  /** A folder of the plugin's own that outlives restarts. Made on first use. */
  dataDir(): Promise<string>;
  /** Names the host's data; everything a plugin makes outside its folder is marked with it. */
  readonly deploymentId: string;
  /** Offers a service under a token that the definition lists in `provides`. `name` is needed for `many` tokens. */
  provide<T>(token: Token<T>, service: T, name?: string): void;
  /** Adds an operation, which appears in every transport, the CLI and the documents. */
  operation<P extends Schema, R extends Schema>(
    definition: OperationDefinition<P, R>,
    handler: OperationHandler<P, R>,
  ): void;
  /** Does something that must be undone: the disposer runs, last in first out, when the plugin stops. */
  effect(acquire: () => void | Disposer | Promise<void | Disposer>, label?: string): Promise<void>;
  /** Answers whether the plugin works, when asked. */
  health(check: () => Promise<HealthStatus>): void;
  /** Ends set-up: this plugin has nothing to do on this host. Its state becomes `skipped`, which is not a failure. */
  skip(reason: string): never;
}

export interface PluginDefinition<S extends Schema = Schema, R extends Requires = Requires> {
  /** Equal to `soulbox.id` in package.json. */
  readonly id: string;
  /** Unknown keys are refused where the schema is strict; defaults belong here. */
  readonly config?: S;
  readonly requires?: R;
  readonly provides?: readonly AnyToken[];
  /**
   * `overlap` (the default): on a reload the new instance is set up while the old one still finishes its work.
   * `exclusive`: the old one must be gone first, for what only one may hold: a port, a lock.
   */
  readonly reload?: 'overlap' | 'exclusive';
  setup(context: PluginContext<SchemaOutput<S>>, services: Resolved<R>): void | Disposer | Promise<void | Disposer>;
}

/** What a plugin's module exports by default. */
export interface Plugin {
  readonly $soulbox: 1;
  readonly definition: PluginDefinition;
}

/** Declares a plugin; its module exports the result by default. @throws TypeError for a malformed id. */
export function definePlugin<S extends Schema, const R extends Requires = Record<never, never>>(
  definition: PluginDefinition<S, R>,
): Plugin {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(definition.id))
    throw new TypeError(`plugin id "${definition.id}" is not in kebab-case`);
  return Object.freeze({ $soulbox: 1, definition });
}
