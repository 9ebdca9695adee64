import type { HealthStatus, Plugin, SoulboxError } from '@soulbox/plugin-sdk';
import type { Scope } from '../scope.ts';
import type { Isolation, LoadedPlugin } from './source.ts';
import type { Manifest } from './manifest.ts';

export const pluginStates = [
  'pending',
  'starting',
  'active',
  'degraded',
  'skipped',
  'blocked',
  'failed',
  'draining',
  'stopped',
] as const;
/**
 * - `skipped`: has nothing to do on this host, by its own word.
 * - `blocked`: a plugin whose service it requires is not active.
 * - `degraded`: active, but its own health check says that something is wrong.
 */
export type PluginState = (typeof pluginStates)[number];

/** A configured plugin and what became of it. */
export interface PluginRecord {
  readonly id: string;
  readonly packageName: string;
  /** `file:line` of its entry. */
  readonly where: string;
  readonly required: boolean;
  readonly rawConfig: Readonly<Record<string, unknown>>;
  /** `file:line` of a setting, by its path in the whole configuration. */
  readonly locate: (path: readonly string[]) => string;
  manifest: Manifest | undefined;
  plugin: Plugin | undefined;
  /** The code that runs, with the process around it where there is one. */
  loaded: LoadedPlugin | undefined;
  isolation: Isolation;
  /** How often it was started again after its process ended by itself. */
  restarts: number;
  state: PluginState;
  error: SoulboxError | undefined;
  /** Why it is in its state; `null` where there is nothing to say. */
  reason: string | null;
  scope: Scope | undefined;
  health: (() => Promise<HealthStatus>) | undefined;
  startedMs: number | null;
  provided: string[];
}

export function newRecord(
  init: Pick<PluginRecord, 'id' | 'packageName' | 'where' | 'required' | 'rawConfig' | 'locate'>,
): PluginRecord {
  return {
    ...init,
    manifest: undefined,
    plugin: undefined,
    loaded: undefined,
    isolation: 'inline',
    restarts: 0,
    state: 'pending',
    error: undefined,
    reason: null,
    scope: undefined,
    health: undefined,
    startedMs: null,
    provided: [],
  };
}
