import { defineOperation, z } from '@soulbox/plugin-sdk';
import { KeyInfoSchema, NameSchema, TenantSchema } from './key-record.ts';
import { ScopeSchema } from './scopes.ts';

const tenYearsMs = 10 * 366 * 86_400_000;

export const createOperation = defineOperation({
  name: 'keys.create',
  summary: 'Makes an API key and shows it this once.',
  permission: 'keys:create',
  owner: { kind: 'tenant', idParam: null },
  effect: 'create',
  params: z.strictObject({
    name: NameSchema,
    scopes: z.array(ScopeSchema).min(1).max(100).optional(),
    tenant: TenantSchema.optional(),
    expiresInMs: z.int().min(1).max(tenYearsMs).optional(),
  }),
  result: KeyInfoSchema.extend({ key: z.string() }),
  errors: ['permission_denied', 'storage_failed'],
});

export const listOperation = defineOperation({
  name: 'keys.list',
  summary: 'Lists the API keys of the tenant, the newest first; never the keys themselves.',
  permission: 'keys:list',
  owner: { kind: 'tenant', idParam: null },
  effect: 'read',
  params: z.strictObject({ limit: z.int().min(1).max(1000).default(100), cursor: z.string().max(4096).optional() }),
  result: z.object({ keys: z.array(KeyInfoSchema), cursor: z.string().nullable() }),
  errors: ['storage_failed'],
});

export const revokeOperation = defineOperation({
  name: 'keys.revoke',
  summary: 'Ends an API key for good, on every host at once.',
  permission: 'keys:revoke',
  owner: { kind: 'tenant', idParam: 'id' },
  effect: 'write',
  params: z.strictObject({ id: z.string().min(1).max(100) }),
  result: KeyInfoSchema,
  errors: ['not_found', 'storage_failed'],
});
