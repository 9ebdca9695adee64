import { defineOperation, ExecutionParamsSchema, ExecutionResultSchema, z } from '@soulbox/plugin-sdk';

export const SnippetSchema = z.strictObject({ language: z.string().min(1).max(64), code: z.string().max(200_000) });
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be a name like sum-of-squares');
const Named = z.strictObject({ name });
const Saved = z.object({ name, version: z.int() });
const { stdin, args, env, limits, labels } = ExecutionParamsSchema.shape;
const owner = /** @type {const} */ ({ kind: 'tenant', idParam: 'name' });

export const save = defineOperation({
  name: 'snippets.save',
  summary: 'Keeps a piece of code under a name, in the place of what was there.',
  params: SnippetSchema.extend({ name }),
  result: Saved,
  permission: 'snippets:write',
  owner,
  effect: 'write',
  errors: ['storage_failed'],
});

export const get = defineOperation({
  name: 'snippets.get',
  summary: 'Answers with the piece of code that is kept under a name.',
  params: Named,
  result: Saved.extend(SnippetSchema.shape),
  permission: 'snippets:read',
  owner,
  effect: 'read',
  errors: ['not_found'],
});

export const list = defineOperation({
  name: 'snippets.list',
  summary: 'Lists the names that something is kept under, in order.',
  params: z.strictObject({ limit: z.int().min(1).max(1_000).optional(), cursor: z.string().max(2_000).optional() }),
  result: z.object({ names: z.array(name), cursor: z.string().nullable() }),
  permission: 'snippets:read',
  owner: { kind: 'tenant', idParam: null },
  effect: 'read',
  errors: [],
});

export const remove = defineOperation({
  name: 'snippets.delete',
  summary: 'Forgets what is kept under a name.',
  params: Named,
  result: z.object({ deleted: z.boolean() }),
  permission: 'snippets:write',
  owner,
  effect: 'write',
  errors: ['storage_failed'],
});

export const run = defineOperation({
  name: 'snippets.run',
  summary: 'Runs what is kept under a name, as the caller, who also needs executions:create.',
  params: z.strictObject({ name, stdin, args, env, limits, labels }),
  result: ExecutionResultSchema,
  permission: 'snippets:run',
  owner,
  effect: 'create',
  errors: ['not_found', 'execution_vetoed', 'language_unknown', 'limit_out_of_range', 'overloaded', 'draining'],
});
