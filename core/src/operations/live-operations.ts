import {
  defineOperation,
  EnforcementSchema,
  NetworkPolicySchema,
  SoulboxError,
  VolumeMountSchema,
  z,
  type LiveRequest,
} from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import type { LiveSandboxes } from '../live/live-sandboxes.ts';
import { fromDocument, liveCollection, type LiveRecord } from '../live/record.ts';
import type { StoreHandle } from '../store-handle.ts';
import type { OperationCatalogue } from './catalogue.ts';
import { StatsSchema, streamParams, tellUse } from './usage.ts';

const SandboxIdSchema = z.string().min(1).max(64);
const tenantOwned = { kind: 'tenant', idParam: 'id' } as const;
const stateSchema = z.enum(['starting', 'running', 'paused', 'ended', 'lost']);

const mostVariables = 200;
const shortText = z.string().max(4_096);
const variables = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,255}$/, 'must be the name of a variable'), shortText)
  .refine((map) => Object.keys(map).length <= mostVariables, `must have at most ${mostVariables} entries`);
const metadataSchema = z
  .record(z.string().min(1).max(128), shortText)
  .refine((map) => Object.keys(map).length <= mostVariables, `must have at most ${mostVariables} entries`);
const labelsSchema = z.array(z.string().min(1).max(128)).max(64);
const lifeMs = z.int().min(1_000);
const idleSchema = z.int().min(100).nullable();

const LimitsSchema = z.object({ memoryBytes: z.int(), diskBytes: z.int(), processes: z.int() });
const perSandbox = z.int().positive().optional();

const SandboxSchema = z.object({
  id: z.string(),
  state: stateSchema,
  driver: z.string(),
  createdAt: z.string(),
  /** Milliseconds since the epoch; `null` for never. */
  expiresAt: z.number().nullable(),
  endedAt: z.string().nullable(),
  image: z.string().nullable(),
  languages: z.array(z.string()),
  limits: LimitsSchema,
  enforced: EnforcementSchema,
  env: z.record(z.string(), z.string()),
  metadata: z.record(z.string(), z.string()),
  labels: z.array(z.string()),
  network: NetworkPolicySchema.nullable(),
  volumes: z.array(VolumeMountSchema),
  template: z.string().nullable(),
  snapshot: z.string().nullable(),
  idleMs: z.number().nullable(),
  onIdle: z.enum(['pause', 'delete']),
  autoResume: z.boolean(),
});

function shown(record: LiveRecord): z.infer<typeof SandboxSchema> {
  const { tenant: _tenant, owner: _owner, instance: _instance, events: _events, request, ...rest } = record;
  const { network = null, volumes = [], template = null, snapshot = null } = request;
  return {
    ...rest,
    languages: [...rest.languages],
    labels: [...rest.labels],
    network,
    volumes: [...volumes],
    template,
    snapshot,
  };
}

const create = defineOperation({
  name: 'sandboxes.create',
  summary: 'Makes a sandbox that stays until it is deleted, its time is over or it was idle for too long.',
  params: z.strictObject({
    /** Those whose toolchains it has; by default all that are there. */
    languages: z.array(z.string().min(1).max(64)).max(64).optional(),
    image: z.string().min(1).max(500).optional(),
    template: z.string().min(1).max(128).optional(),
    snapshot: z.string().min(1).max(128).optional(),
    network: NetworkPolicySchema.optional(),
    volumes: z.array(VolumeMountSchema).max(32).optional(),
    limits: z.strictObject({ memoryBytes: perSandbox, diskBytes: perSandbox, processes: perSandbox }).optional(),
    env: variables.optional(),
    metadata: metadataSchema.optional(),
    labels: labelsSchema.optional(),
    /** From now on; `null` for no end, where the host allows it. */
    lifetimeMs: lifeMs.nullable().optional(),
    /** Without use for so long it is paused or deleted; `null` for never. */
    idleMs: idleSchema.optional(),
    /** Default: `pause` where the driver can. */
    onIdle: z.enum(['pause', 'delete']).optional(),
    /** Whether use resumes it. Default: yes. */
    autoResume: z.boolean().optional(),
  }),
  result: SandboxSchema,
  permission: 'sandboxes:create',
  owner: { kind: 'tenant', idParam: null },
  effect: 'create',
  errors: [
    'limit_out_of_range',
    'language_unknown',
    'language_unavailable',
    'unsupported',
    'overloaded',
    'draining',
    'sandbox_unavailable',
    'isolation_insufficient',
    'image_unavailable',
    'runtime_unavailable',
    'storage_failed',
    'plugin_timeout',
    'hook_failed',
    'hook_timeout',
    'hook_invalid_result',
  ],
});

const idOnly = z.strictObject({ id: SandboxIdSchema });

const get = defineOperation({
  name: 'sandboxes.get',
  summary: 'Answers with a sandbox that stays, also one that has ended.',
  params: idOnly,
  result: SandboxSchema,
  permission: 'sandboxes:read',
  owner: tenantOwned,
  effect: 'read',
  errors: ['not_found'],
});

const list = defineOperation({
  name: 'sandboxes.list',
  summary: 'Lists sandboxes that stay, the newest first.',
  params: z.strictObject({
    state: stateSchema.optional(),
    label: z.string().min(1).max(128).optional(),
    metadata: metadataSchema.optional(),
    limit: z.int().min(1).max(1_000).optional(),
    /** The cursor that the page before ended with. */
    cursor: z.string().max(2_000).optional(),
  }),
  result: z.object({ sandboxes: z.array(SandboxSchema), cursor: z.string().nullable() }),
  permission: 'sandboxes:read',
  owner: { kind: 'tenant', idParam: null },
  effect: 'read',
  errors: [],
});

const update = defineOperation({
  name: 'sandboxes.update',
  summary: 'Changes how long a sandbox stays, and what it is known by.',
  params: z.strictObject({
    id: SandboxIdSchema,
    lifetimeMs: lifeMs.nullable().optional(),
    idleMs: idleSchema.optional(),
    onIdle: z.enum(['pause', 'delete']).optional(),
    autoResume: z.boolean().optional(),
    /** Of what is started from now on. */
    env: variables.optional(),
    metadata: metadataSchema.optional(),
    labels: labelsSchema.optional(),
  }),
  result: SandboxSchema,
  permission: 'sandboxes:create',
  owner: tenantOwned,
  effect: 'write',
  errors: ['not_found', 'limit_out_of_range', 'storage_failed'],
});

function change(
  name: string,
  summary: string,
  permission: string,
  errors: readonly ('unsupported' | 'sandbox_lost')[],
) {
  return defineOperation({
    name,
    summary,
    params: idOnly,
    result: SandboxSchema,
    permission,
    owner: tenantOwned,
    effect: 'write',
    errors: ['not_found', 'plugin_timeout', 'storage_failed', ...errors],
  });
}

const pause = change(
  'sandboxes.pause',
  'Has everything in a sandbox stand still; its memory stays as it is.',
  'sandboxes:create',
  ['unsupported', 'sandbox_lost'],
);
const resume = change('sandboxes.resume', 'Has a paused sandbox go on.', 'sandboxes:create', ['sandbox_lost']);
const remove = change('sandboxes.delete', 'Takes a sandbox away, with everything in it.', 'sandboxes:delete', []);

const stats = defineOperation({
  name: 'sandboxes.stats',
  summary: 'Tells what a sandbox uses; with stream, again and again until the caller leaves.',
  params: z.strictObject({
    id: SandboxIdSchema,
    ...streamParams,
  }),
  result: StatsSchema,
  event: StatsSchema,
  permission: 'sandboxes:read',
  owner: tenantOwned,
  effect: 'read',
  errors: ['not_found', 'unsupported', 'plugin_timeout'],
});

const logs = defineOperation({
  name: 'sandboxes.logs',
  summary: 'Tells what became of a sandbox: when it was made, paused, resumed, taken over by a host, and how it ended.',
  params: idOnly,
  result: z.object({
    events: z.array(
      z.object({
        /** Milliseconds since the epoch. */
        at: z.number(),
        type: z.enum(['created', 'paused', 'resumed', 'adopted', 'updated', 'ended']),
        reason: z.enum(['request', 'expired', 'idle', 'lost', 'failed', 'use']).optional(),
      }),
    ),
  }),
  permission: 'sandboxes:read',
  owner: tenantOwned,
  effect: 'read',
  errors: ['not_found'],
});

export const liveOperations = [create, get, list, update, pause, resume, remove, stats, logs] as const;

/** How long it may stay from now on. @throws limit_out_of_range */
function lifetime(asked: number | null | undefined, settings: Config['live']): number | null {
  const { lifetimeMs, maximumLifetimeMs } = settings;
  const wanted = asked === undefined ? lifetimeMs : asked;
  if (maximumLifetimeMs === null || (wanted !== null && wanted <= maximumLifetimeMs)) return wanted;
  throw new SoulboxError('limit_out_of_range', `lifetimeMs: at most ${maximumLifetimeMs} here`, {
    details: { field: 'lifetimeMs', maximum: maximumLifetimeMs },
  });
}

/** Entries whose value is there. */
function present<T extends object>(entries: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as never;
}

export function addLiveOperations(
  catalogue: OperationCatalogue,
  sandboxes: LiveSandboxes,
  store: StoreHandle,
  settings: Config['live'],
): void {
  catalogue.add('core', create, async (params, { principal }) => {
    const { template, snapshot, network, volumes } = params;
    const request: LiveRequest = present({ template, snapshot, network, volumes });
    const record = await sandboxes.create(
      { languages: params.languages, image: params.image, limits: params.limits, env: params.env ?? {}, request },
      {
        lifetimeMs: lifetime(params.lifetimeMs, settings),
        idleMs: params.idleMs === undefined ? settings.idleMs : params.idleMs,
        onIdle: params.onIdle,
        autoResume: params.autoResume ?? true,
        metadata: params.metadata ?? {},
        labels: params.labels ?? [],
      },
      principal,
    );
    return shown(record);
  });
  catalogue.add('core', get, async ({ id }, { principal }) => shown(await sandboxes.record(id, principal.tenant)));
  catalogue.add('core', list, async ({ state, label, metadata = {}, limit, cursor }, { principal }) => {
    const page = await store.query(liveCollection, {
      where: { tenant: principal.tenant, ...present({ state }) },
      orderBy: { field: 'createdAt', descending: true },
      ...present({ limit, after: cursor }),
    });
    const wanted = (record: LiveRecord) =>
      (label === undefined || record.labels.includes(label)) &&
      Object.entries(metadata).every(([name, value]) => record.metadata[name] === value);
    return { sandboxes: page.documents.map(fromDocument).filter(wanted).map(shown), cursor: page.cursor };
  });
  catalogue.add('core', update, async ({ id, lifetimeMs, ...changes }, { principal }) => {
    const sandbox = sandboxes.find(id, principal.tenant);
    const life = lifetimeMs === undefined ? undefined : lifetime(lifetimeMs, settings);
    const expiresAt = life === undefined ? {} : { expiresAt: life === null ? null : Date.now() + life };
    await sandbox.update({ ...present(changes), ...expiresAt });
    return shown(sandbox.record);
  });
  catalogue.add('core', pause, async ({ id }, { principal }) => {
    const sandbox = sandboxes.find(id, principal.tenant);
    await sandbox.pause();
    return shown(sandbox.record);
  });
  catalogue.add('core', resume, async ({ id }, { principal }) => {
    const sandbox = sandboxes.find(id, principal.tenant);
    await sandbox.resume();
    return shown(sandbox.record);
  });
  catalogue.add('core', remove, async ({ id }, { principal }) => {
    const sandbox = sandboxes.find(id, principal.tenant);
    await sandbox.end('request');
    return shown(sandbox.record);
  });
  catalogue.add('core', stats, ({ id, ...often }, call) =>
    tellUse(() => sandboxes.find(id, call.principal.tenant).stats(), often, call),
  );
  catalogue.add('core', logs, async ({ id }, { principal }) => {
    const { events } = await sandboxes.record(id, principal.tenant);
    return { events: [...events] };
  });
}
