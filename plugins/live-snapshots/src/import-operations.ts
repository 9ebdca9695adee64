import { defineOperation, fromWireText, z, type PluginContext } from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import type { Imports } from './imports.ts';
import { keepErrors, MetadataParam, NameParam, shown, SnapshotSchema } from './shapes.ts';

const ImportParam = z.string().min(1).max(64);
const owner = { kind: 'tenant', idParam: 'import' } as const;

const openImport = defineOperation({
  name: 'snapshots.openImport',
  summary: 'Begins to take in an archive that snapshots.export sent, or another tar of a home folder.',
  params: z.strictObject({
    name: NameParam.optional(),
    metadata: MetadataParam.optional(),
    /** Of the whole archive, in hexadecimal. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
  }),
  result: z.object({ import: z.string() }),
  permission: 'snapshots:create',
  owner: { kind: 'tenant', idParam: null },
  effect: 'create',
  errors: keepErrors,
});

const importPart = defineOperation({
  name: 'snapshots.importPart',
  summary: 'Adds the next part to an import; answers when it is written.',
  params: z.strictObject({
    import: ImportParam,
    /** How many bytes came before it. */
    offset: z.int().min(0),
    content: z.string().min(1),
    encoding: z.enum(['utf8', 'base64']).optional(),
  }),
  result: z.object({ offset: z.number() }),
  permission: 'snapshots:create',
  owner,
  effect: 'create',
  errors: ['not_found', ...keepErrors],
});

const commitImport = defineOperation({
  name: 'snapshots.commitImport',
  summary: 'Ends an import: where its sum is right, the snapshot is there now.',
  params: z.strictObject({ import: ImportParam }),
  result: SnapshotSchema,
  permission: 'snapshots:create',
  owner,
  effect: 'create',
  errors: ['not_found', ...keepErrors],
});

const abortImport = defineOperation({
  name: 'snapshots.abortImport',
  summary: 'Gives an import up; nothing of it is left.',
  params: z.strictObject({ import: ImportParam }),
  result: z.object({}),
  permission: 'snapshots:create',
  owner,
  effect: 'write',
  errors: ['not_found'],
});

export function addImports(context: PluginContext<Config>, imports: Imports): void {
  context.operation(openImport, async ({ sha256, ...about }, { principal }) => ({
    import: await imports.open(principal.tenant, about, sha256),
  }));
  context.operation(importPart, async ({ import: id, offset, content, encoding }, { principal }) => ({
    offset: await imports.add(id, principal.tenant, offset, fromWireText(content, encoding, 'content')),
  }));
  context.operation(commitImport, async ({ import: id }, { principal }) => shown(await imports.commit(id, principal)));
  context.operation(abortImport, async ({ import: id }, { principal }) => {
    await imports.abort(id, principal.tenant);
    return {};
  });
}
