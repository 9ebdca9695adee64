import { defineOperation, z } from '@soulbox/plugin-sdk';
import type { PluginHost } from '../plugins/plugin-host.ts';
import type { OperationCatalogue } from './catalogue.ts';

const reload = defineOperation({
  name: 'plugins.reload',
  summary: 'Replaces a running plugin by a new instance of itself, with those that use what it provides.',
  params: z.strictObject({ id: z.string().min(1).max(200) }),
  result: z.object({
    id: z.string(),
    version: z.string().nullable(),
    /** `kept`: the same code was set up again; only a plugin in a process of its own gets new code. */
    code: z.enum(['fresh', 'kept']),
    /** Every plugin that was set up anew, in that order. */
    reloaded: z.array(z.string()),
    durationMs: z.number(),
  }),
  permission: 'plugins:write',
  owner: { kind: 'host' },
  effect: 'write',
  errors: ['not_found', 'draining', 'plugin_failed', 'plugin_timeout', 'plugin_process_lost', 'config_invalid'],
});

/** What {@link addPluginOperations} adds. */
export const pluginOperations = [reload] as const;

export function addPluginOperations(catalogue: OperationCatalogue, plugins: PluginHost): void {
  catalogue.add('core', reload, async ({ id }) => {
    const begun = performance.now();
    const { reloaded, ...rest } = await plugins.reload(id);
    return { ...rest, reloaded: [...reloaded], durationMs: performance.now() - begun };
  });
}
