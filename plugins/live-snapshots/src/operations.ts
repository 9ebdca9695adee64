import { defineOperation, inSandbox, z, type LiveSandboxes, type PluginContext } from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import {
  keepErrors,
  MetadataParam,
  NameParam,
  owner,
  SandboxParam,
  shown,
  SnapshotParam,
  SnapshotSchema,
} from './shapes.ts';
import type { Snapshots } from './snapshots.ts';

const create = defineOperation({
  name: 'snapshots.create',
  summary: 'Keeps the home folder of a sandbox as it is now; with a name it is a template.',
  params: z.strictObject({
    sandbox: SandboxParam,
    name: NameParam.optional(),
    metadata: MetadataParam.optional(),
  }),
  result: SnapshotSchema,
  permission: 'snapshots:create',
  owner: { kind: 'tenant', idParam: 'sandbox' },
  effect: 'create',
  errors: ['not_found', 'sandbox_lost', 'sandbox_paused', 'draining', 'plugin_timeout', ...keepErrors],
});

const list = defineOperation({
  name: 'snapshots.list',
  summary: 'Lists the snapshots of the caller, the oldest first.',
  params: z.strictObject({
    /** Only those taken of this sandbox. */
    sandbox: SandboxParam.optional(),
    /** Only templates. */
    templates: z.boolean().optional(),
  }),
  result: z.object({ snapshots: z.array(SnapshotSchema) }),
  permission: 'snapshots:read',
  owner: { kind: 'tenant', idParam: null },
  effect: 'read',
  errors: [],
});

const get = defineOperation({
  name: 'snapshots.get',
  summary: 'Answers with a snapshot, or a template by its name.',
  params: z.strictObject({ snapshot: SnapshotParam }),
  result: SnapshotSchema,
  permission: 'snapshots:read',
  owner,
  effect: 'read',
  errors: ['not_found'],
});

const update = defineOperation({
  name: 'snapshots.update',
  summary: 'Gives a snapshot a name, which makes it a template, takes the name away, or changes its metadata.',
  params: z.strictObject({
    snapshot: SnapshotParam,
    name: NameParam.nullable().optional(),
    metadata: MetadataParam.optional(),
  }),
  result: SnapshotSchema,
  permission: 'snapshots:create',
  owner,
  effect: 'write',
  errors: ['not_found', 'conflict'],
});

const remove = defineOperation({
  name: 'snapshots.delete',
  summary: 'Gives a snapshot up; sandboxes that were made of it stay as they are.',
  params: z.strictObject({ snapshot: SnapshotParam }),
  result: z.object({}),
  permission: 'snapshots:create',
  owner,
  effect: 'write',
  errors: ['not_found'],
});

const download = defineOperation({
  name: 'snapshots.export',
  summary: 'Sends the archive of a snapshot, a tar, in base64; the answer has the sum by which it can be checked.',
  params: z.strictObject({ snapshot: SnapshotParam }),
  result: SnapshotSchema,
  event: z.object({ offset: z.number(), content: z.string(), encoding: z.literal('base64') }),
  permission: 'snapshots:read',
  owner,
  effect: 'read',
  errors: ['not_found', 'storage_failed'],
});

export function addOperations(context: PluginContext<Config>, sandboxes: LiveSandboxes, snapshots: Snapshots): void {
  const { records } = snapshots;
  context.operation(create, ({ sandbox, ...about }, call) =>
    inSandbox(sandboxes, sandbox, call, async (open) =>
      shown(await snapshots.take(open, about, call.principal, call.signal)),
    ),
  );
  context.operation(list, async ({ sandbox, templates = false }, { principal }) => {
    const all = await records.of(principal.tenant);
    const wanted = all.filter(
      (each) => (sandbox === undefined || each.sandbox === sandbox) && (!templates || each.name !== null),
    );
    return { snapshots: wanted.map(shown) };
  });
  context.operation(get, async ({ snapshot }, { principal }) => shown(await records.find(snapshot, principal.tenant)));
  context.operation(update, async ({ snapshot, name, metadata }, { principal }) => {
    const change = { ...(name === undefined ? {} : { name }), ...(metadata === undefined ? {} : { metadata }) };
    return shown(await snapshots.rename(snapshot, principal.tenant, change));
  });
  context.operation(remove, async ({ snapshot }, { principal }) => {
    await snapshots.remove(snapshot, principal.tenant);
    return {};
  });
  context.operation(download, async ({ snapshot }, { principal, emit }) => {
    const record = await records.find(snapshot, principal.tenant);
    let offset = 0;
    for await (const piece of snapshots.read(record)) {
      await emit({ offset, content: Buffer.from(piece).toString('base64'), encoding: 'base64' });
      offset += piece.length;
    }
    return shown(record);
  });
}
