import { Api, defineOperation, inputJsonSchema, PermissionsSchema, SoulboxError, z } from '@soulbox/plugin-sdk';
import { drawingFormats, drawPlugins } from '../plugins/drawing.ts';
import type { PluginHost } from '../plugins/plugin-host.ts';
import { pluginStates, type PluginRecord } from '../plugins/record.ts';
import { allUses, capabilitiesOf } from '../plugins/uses.ts';
import type { OperationCatalogue } from './catalogue.ts';

const common = { permission: 'plugins:read', owner: { kind: 'host' }, effect: 'read' } as const;
const name = z.string().min(1).max(200);

const info = defineOperation({
  name: 'plugins.info',
  summary: 'Tells all that is known of one plugin: its package, permissions, boundary, capabilities and settings.',
  params: z.strictObject({ id: name }),
  result: z.object({
    id: z.string(),
    package: z.string(),
    version: z.string().nullable(),
    /** Of its files, where it was added by a command. */
    integrity: z.string().nullable(),
    state: z.enum(pluginStates),
    reason: z.string().nullable(),
    isolation: z.enum(['inline', 'process']).nullable(),
    /** Where it could run. */
    isolations: z.array(z.string()),
    /** The hosts and versions of Node.js that it is made for. */
    engines: z.object({ soulbox: z.string().nullable(), node: z.string().nullable() }),
    permissions: PermissionsSchema.nullable(),
    /** What separates it from the host; `null` while it does not run. */
    boundary: z.record(z.string(), z.string()).nullable(),
    provides: z.array(z.string()),
    requires: z.array(z.string()),
    commands: z.array(z.string()),
    /** The JSON Schema of its settings; `null` where it has none, or its code was not imported. */
    configSchema: z.record(z.string(), z.unknown()).nullable(),
  }),
  ...common,
  errors: ['not_found'],
});

const why = defineOperation({
  name: 'plugins.why',
  summary: 'Tells who requires a capability or a plugin and who provides it, and why what is not up is not.',
  params: z.strictObject({
    /** The id of a plugin, or of a capability, with or without its version: `store` or `store@1.0.0`. */
    name,
  }),
  result: z.object({
    uses: z.array(
      z.object({
        plugin: z.string().nullable(),
        state: z.string().nullable(),
        capability: z.string(),
        optional: z.boolean(),
        provider: z.string().nullable(),
        providerState: z.string().nullable(),
        reason: z.string().nullable(),
      }),
    ),
  }),
  ...common,
  errors: ['not_found'],
});

const graph = defineOperation({
  name: 'plugins.graph',
  summary: 'Draws who requires what of whom, as text for Graphviz or Mermaid.',
  params: z.strictObject({ format: z.enum(drawingFormats).default('dot') }),
  result: z.object({ text: z.string() }),
  ...common,
  errors: [],
});

/** What {@link addPluginFacts} adds. */
export const pluginFacts = [info, why, graph] as const;

function factsOf(record: PluginRecord) {
  const { id, source, checked, instance, state, reason, plugin } = record;
  const manifest = checked?.manifest;
  const { provides, requires } = capabilitiesOf(record);
  const config = plugin?.definition.config;
  return {
    id,
    package: source.packageName,
    version: manifest?.version ?? null,
    integrity: source.integrity,
    state,
    reason,
    isolation: checked?.isolation ?? null,
    isolations: manifest?.soulbox.isolation ?? [],
    engines: { soulbox: manifest?.engines.soulbox ?? null, node: manifest?.engines.node ?? null },
    permissions: manifest?.soulbox.permissions ?? null,
    boundary: instance ? { ...instance.loaded.boundary } : null,
    provides: [...provides],
    requires: [...requires],
    commands: (manifest?.soulbox.commands ?? []).map((command) => command.name),
    configSchema: config ? inputJsonSchema(config) : null,
  };
}

export function addPluginFacts(catalogue: OperationCatalogue, plugins: PluginHost): void {
  const uses = () => allUses(plugins.all, [Api]);
  catalogue.add('core', info, async ({ id }) => {
    const record = plugins.all.find((each) => each.id === id);
    if (!record) throw new SoulboxError('not_found', `no plugin ${id} is configured`);
    return factsOf(record);
  });
  catalogue.add('core', why, async ({ name: asked }) => {
    const about = uses().filter(
      ({ plugin, provider, capability }) =>
        plugin === asked || provider === asked || capability === asked || capability.startsWith(`${asked}@`),
    );
    if (about.length === 0 && !plugins.all.some(({ id }) => id === asked))
      throw new SoulboxError('not_found', `no plugin and no capability is called ${asked}`);
    return { uses: about };
  });
  catalogue.add('core', graph, async ({ format }) => ({ text: drawPlugins(format, plugins.all, uses()) }));
}
