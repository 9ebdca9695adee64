import { defineOperation, EnforcementSchema, isSoulboxError, z } from '@soulbox/plugin-sdk';
import type { HookBus } from '../hooks/hook-bus.ts';
import { pluginStates } from '../plugins/record.ts';
import type { PluginHost } from '../plugins/plugin-host.ts';
import type { Placement } from '../sandboxes/placement.ts';
import type { SandboxRegistry } from '../sandboxes/registry.ts';
import { hostVersion } from '../version.ts';
import type { OperationCatalogue } from './catalogue.ts';

const nothing = z.strictObject({});

const ReasonSchema = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
});

const info = defineOperation({
  name: 'host.info',
  summary: 'Describes the host: version, state, load and what its sandboxes enforce.',
  params: nothing,
  result: z.object({
    name: z.literal('soulbox'),
    version: z.string(),
    state: z.string(),
    node: z.string(),
    platform: z.string(),
    startedAt: z.string(),
    uptimeMs: z.number(),
    executions: z.object({ running: z.int(), waiting: z.int() }),
    /** `null` where no sandbox can be built; `problem` then says why. */
    sandbox: z
      .object({ driver: z.string(), enforced: EnforcementSchema, capabilities: z.array(z.string()) })
      .nullable(),
    problem: ReasonSchema.nullable(),
  }),
  permission: 'host:read',
  owner: { kind: 'host' },
  effect: 'read',
  errors: [],
});

const plugins = defineOperation({
  name: 'plugins.list',
  summary: 'Lists the plugins with their state, what they provide and how their hooks fare.',
  params: nothing,
  result: z.object({
    plugins: z.array(
      z.object({
        id: z.string(),
        package: z.string(),
        version: z.string().nullable(),
        state: z.enum(pluginStates),
        reason: z.string().nullable(),
        error: z.object({ code: z.string(), message: z.string() }).nullable(),
        required: z.boolean(),
        /** Since when it is in its state. */
        since: z.string(),
        isolation: z.enum(['inline', 'process']),
        /** What separates it from the host, each by the mechanism that does; `none` where nothing does. */
        boundary: z.record(z.string(), z.string()).nullable(),
        /** Of the process of its own, where it has one. */
        pid: z.int().nullable(),
        /** How often it was started again after its process ended by itself. */
        restarts: z.int(),
        provides: z.array(z.string()),
        startedMs: z.number().nullable(),
        hooks: z.array(
          z.object({
            hook: z.string(),
            calls: z.int(),
            errors: z.int(),
            p50Ms: z.number(),
            p95Ms: z.number(),
            totalMs: z.number(),
            /** The deadline of one call. */
            timeoutMs: z.number(),
          }),
        ),
      }),
    ),
  }),
  permission: 'plugins:read',
  owner: { kind: 'host' },
  effect: 'read',
  errors: [],
});

const languages = defineOperation({
  name: 'languages.list',
  summary: 'Lists the languages with their versions and whether they can be used.',
  params: nothing,
  result: z.object({
    languages: z.array(
      z.object({
        name: z.string(),
        version: z.string(),
        /** Every version that an execution can ask for. */
        versions: z.array(z.string()),
        aliases: z.array(z.string()),
        extensions: z.array(z.string()),
        available: z.boolean(),
        reason: z.string().nullable(),
        /** The sandbox driver that runs it; `null` where none does. */
        driver: z.string().nullable(),
      }),
    ),
  }),
  permission: 'languages:read',
  owner: { kind: 'host' },
  effect: 'read',
  errors: [],
});

const operations = defineOperation({
  name: 'host.operations',
  summary: 'Lists every operation with the JSON Schemas of what it takes and answers.',
  params: nothing,
  result: z.object({ operations: z.array(z.record(z.string(), z.unknown())) }),
  permission: 'host:read',
  owner: { kind: 'host' },
  effect: 'read',
  errors: [],
});

export interface HostFacts {
  readonly plugins: PluginHost;
  readonly hooks: HookBus;
  readonly registry: SandboxRegistry;
  readonly placement: Placement;
  readonly startedAt: Date;
  state(): string;
  load(): { readonly running: number; readonly waiting: number };
}

export function addHostOperations(catalogue: OperationCatalogue, facts: HostFacts): void {
  catalogue.add('core', info, async () => {
    const sandbox = await sandboxInfo(facts.registry);
    const { startedAt } = facts;
    return {
      name: 'soulbox' as const,
      version: hostVersion,
      state: facts.state(),
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
      startedAt: startedAt.toISOString(),
      uptimeMs: Date.now() - startedAt.getTime(),
      executions: facts.load(),
      ...sandbox,
    };
  });
  catalogue.add('core', operations, () =>
    Promise.resolve({ operations: catalogue.describe().map((descriptor) => ({ ...descriptor })) }),
  );
  catalogue.add('core', plugins, async () => {
    await facts.plugins.checkHealth();
    return { plugins: facts.plugins.all.map((record) => describePlugin(record, facts.hooks)) };
  });
  catalogue.add('core', languages, async () => {
    const all = await facts.placement.describe();
    return {
      languages: all.map(({ language, version, versions, ...status }) => {
        const { name, aliases, extensions } = language.info;
        const lists = { versions: [...versions], aliases: [...aliases], extensions: [...extensions] };
        return { name, version, ...lists, ...status };
      }),
    };
  });
}

async function sandboxInfo(registry: SandboxRegistry) {
  try {
    const { name, report } = await registry.choose();
    return {
      sandbox: { driver: name, enforced: report.enforced, capabilities: [...report.capabilities] },
      problem: null,
    };
  } catch (thrown) {
    if (!isSoulboxError(thrown)) throw thrown;
    const { code, message, details } = thrown;
    return { sandbox: null, problem: { code, message, ...(details ? { details: { ...details } } : {}) } };
  }
}

function describePlugin(record: PluginHost['all'][number], hooks: HookBus) {
  const { id, source, checked, instance, state, reason, error } = record;
  return {
    id,
    package: source.packageName,
    version: (instance ?? checked)?.manifest.version ?? null,
    state,
    reason,
    error: error ? { code: error.code, message: error.message } : null,
    required: source.required,
    since: record.since.toISOString(),
    isolation: checked?.isolation ?? ('inline' as const),
    boundary: instance ? { ...instance.loaded.boundary } : null,
    pid: instance?.loaded.pid ?? null,
    restarts: record.restarts,
    provides: [...(instance?.provided ?? [])],
    startedMs: instance?.startedMs ?? null,
    hooks: [...hooks.metrics(id)],
  };
}
