import { SoulboxError } from '@soulbox/plugin-sdk';
import type { Host } from '../host.ts';
import { currentPlugin } from '../plugins/attribution.ts';

/**
 * Keeps plugins in this process from ending it: for them `process.exit` throws and puts the plugin into quarantine. The
 * host's own code ends the process as ever.
 */
export function guardExit(host: Host): void {
  const exit = process.exit.bind(process);
  process.exit = (code) => {
    const plugin = currentPlugin();
    if (plugin === undefined) return exit(code);
    const thrown = new SoulboxError('plugin_failed', `plugin ${plugin} called process.exit(${code ?? ''})`);
    // While it is imported there is nothing to take down yet: what it is thrown makes that fail.
    if (host.plugins.some(({ id, instance }) => id === plugin && instance)) void host.quarantine(plugin, thrown);
    throw thrown;
  };
}
