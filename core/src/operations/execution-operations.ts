import {
  defineOperation,
  ExecutionEventSchema,
  ExecutionParamsSchema,
  ExecutionResultSchema,
  VerdictSchema,
  z,
  type Store,
  fromWireText,
} from '@soulbox/plugin-sdk';
import type { Executions } from '../execution/executions.ts';
import { executionCollection, fromDocument } from '../execution/record.ts';
import type { OperationCatalogue } from './catalogue.ts';

const ExecutionIdSchema = z.string().min(1).max(64);
const SummarySchema = ExecutionResultSchema.omit({ stdout: true, stderr: true, encoding: true });
const tenantOwned = { kind: 'tenant', idParam: 'id' } as const;

const create = defineOperation({
  name: 'executions.create',
  summary: 'Runs a program in a sandbox and answers with its result.',
  params: ExecutionParamsSchema,
  result: ExecutionResultSchema,
  event: ExecutionEventSchema,
  permission: 'executions:create',
  owner: { kind: 'tenant', idParam: null },
  effect: 'create',
  errors: [
    'language_unknown',
    'language_unavailable',
    'limit_out_of_range',
    'path_outside_box',
    'payload_too_large',
    'execution_vetoed',
    'idempotency_mismatch',
    'overloaded',
    'draining',
    'sandbox_unavailable',
    'isolation_insufficient',
    'dependency_failed',
    'unsupported',
    'storage_failed',
    'plugin_timeout',
    'hook_failed',
    'hook_timeout',
    'hook_invalid_result',
  ],
});

const get = defineOperation({
  name: 'executions.get',
  summary: 'Answers with an execution; with stream, after its events above fromSeq and when it is settled.',
  params: z.strictObject({ id: ExecutionIdSchema, stream: z.boolean().optional(), fromSeq: z.int().min(0).optional() }),
  result: ExecutionResultSchema,
  event: ExecutionEventSchema,
  permission: 'executions:read',
  owner: tenantOwned,
  effect: 'read',
  errors: ['not_found'],
});

const list = defineOperation({
  name: 'executions.list',
  summary: 'Lists executions without their output, the newest first.',
  params: z.strictObject({
    status: z.enum(['running', 'settled']).optional(),
    verdict: VerdictSchema.optional(),
    language: z.string().min(1).max(64).optional(),
    limit: z.int().min(1).max(1_000).optional(),
    /** The cursor that the page before ended with. */
    cursor: z.string().max(2_000).optional(),
  }),
  result: z.object({ executions: z.array(SummarySchema), cursor: z.string().nullable() }),
  permission: 'executions:read',
  owner: { kind: 'tenant', idParam: null },
  effect: 'read',
  errors: [],
});

const cancel = defineOperation({
  name: 'executions.cancel',
  summary: 'Ends a running execution and answers with its result.',
  params: z.strictObject({ id: ExecutionIdSchema }),
  result: ExecutionResultSchema,
  permission: 'executions:cancel',
  owner: tenantOwned,
  effect: 'write',
  errors: ['not_found', 'conflict'],
});

const input = defineOperation({
  name: 'executions.input',
  summary: 'Adds to the standard input of a running execution; answers when there is room for more.',
  params: z.strictObject({
    id: ExecutionIdSchema,
    data: z.string().optional(),
    encoding: z.enum(['utf8', 'base64']).optional(),
    close: z.boolean().optional(),
  }),
  result: z.object({}),
  permission: 'executions:create',
  owner: tenantOwned,
  effect: 'create',
  errors: ['not_found', 'conflict'],
});

/** What {@link addExecutionOperations} adds. */
export const executionOperations = [create, get, cancel, input, list] as const;

export function addExecutionOperations(catalogue: OperationCatalogue, executions: Executions, store: Store): void {
  catalogue.add('core', create, (params, call) => executions.create(params, call));
  catalogue.add('core', get, (params, call) => executions.get(params, call));
  catalogue.add('core', cancel, ({ id }, call) => executions.cancel(id, call));
  catalogue.add('core', input, async ({ id, data = '', encoding, close = false }, call) => {
    await executions.input(id, fromWireText(data, encoding, 'data'), close, call);
    return {};
  });
  catalogue.add('core', list, async ({ limit, cursor, ...filters }, call) => {
    const where = {
      tenant: call.principal.tenant,
      ...Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined)),
    } as Record<string, string>;
    const page = await store.query(executionCollection, {
      where,
      orderBy: { field: 'createdAt', descending: true },
      ...(limit === undefined ? {} : { limit }),
      ...(cursor === undefined ? {} : { after: cursor }),
    });
    const executionsOfPage = page.documents.map((document) => {
      const { stdout: _stdout, stderr: _stderr, encoding: _encoding, ...summary } = fromDocument(document).result;
      return summary;
    });
    return { executions: executionsOfPage, cursor: page.cursor };
  });
}
