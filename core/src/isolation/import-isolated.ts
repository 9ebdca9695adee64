import { SoulboxError } from '@soulbox/plugin-sdk';
import type { ResolvedPackage } from '../plugins/resolve.ts';
import type { ImportSettings, LoadedPlugin, PluginEvents } from '../plugins/source.ts';

/**
 * Imports a plugin in a process of its own. What comes back is an ordinary plugin to the host: its set-up taps the hooks,
 * offers the services and adds the operations that the plugin's own set-up in the other process asks for.
 * @throws plugin_failed, plugin_timeout, plugin_manifest_invalid
 */
export function importIsolated(
  id: string,
  found: ResolvedPackage,
  _settings: ImportSettings,
  _events: PluginEvents,
): Promise<LoadedPlugin> {
  return Promise.reject(new SoulboxError('unsupported', `plugin ${id} (${found.manifest.name}) cannot be isolated`));
}
