import type { Plugin, SoulboxError } from '@soulbox/plugin-sdk';
import type { PluginInstance } from './plugin-instance.ts';
import type { CheckedPlugin, LoadedPlugin, PluginSource } from './source.ts';

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
  /** Changes with the configuration. */
  source: PluginSource;
  /** As it was checked last. */
  checked: CheckedPlugin | undefined;
  /** Its code, imported for the next set-up. */
  loaded: LoadedPlugin | undefined;
  /** What the graph was built from. */
  plugin: Plugin | undefined;
  instance: PluginInstance | undefined;
  state: PluginState;
  error: SoulboxError | undefined;
  /** Why it is in its state; `null` where there is nothing to say. */
  reason: string | null;
  /** Since when it is in its state. */
  since: Date;
  /** When its process ended by itself, in milliseconds since the epoch, within the last minute. */
  crashes: readonly number[];
  /** How often it was started again after its process ended by itself. */
  restarts: number;
}

export function newRecord(source: PluginSource): PluginRecord {
  return {
    id: source.id,
    source,
    checked: undefined,
    loaded: undefined,
    plugin: undefined,
    instance: undefined,
    state: 'pending',
    error: undefined,
    reason: null,
    since: new Date(),
    crashes: [],
    restarts: 0,
  };
}

/** Whether a plugin does its work. */
export function isUp({ state }: PluginRecord): boolean {
  return state === 'active' || state === 'degraded';
}
