import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  ExecutionParamsSchema,
  isSoulboxError,
  SoulboxError,
  type ExecutionParams,
  type ExecutionRequest,
  type LanguageInfo,
  type LanguageRuntime,
  type PlanInput,
  type Principal,
} from '@soulbox/plugin-sdk';
import type { Config } from '../config/schema.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { Languages } from '../sandboxes/languages.ts';
import { resolveLimits } from './limits.ts';
import { decodeSource } from './source.ts';
import { decodeStdin } from './stdin.ts';

/** A request that passed every check and every hook, but is not accepted yet. */
export interface Prepared {
  readonly request: ExecutionRequest;
  readonly language: LanguageInfo;
  readonly runtime: LanguageRuntime;
  readonly input: PlanInput;
}

export interface PrepareParts {
  readonly hooks: HookBus;
  readonly languages: Languages;
  readonly settings: Config['executions'];
}

function freeze(request: ExecutionRequest): ExecutionRequest {
  return Object.freeze({ ...request });
}

/**
 * Checks a request, lets hooks rewrite and refuse it, and decodes its source.
 * @throws language_unknown, language_unavailable, limit_out_of_range, path_outside_box, payload_too_large,
 *   invalid_params, execution_vetoed, and the errors of hooks.
 */
export async function prepare(parts: PrepareParts, params: ExecutionParams, principal: Principal): Promise<Prepared> {
  const { limits: asked, stream: _stream, idempotencyKey: _key, ...rest } = params;
  const limits = resolveLimits(asked, parts.settings.limits, parts.settings.maximum);
  const original = freeze({ ...rest, id: randomUUID(), tenant: principal.tenant, principalId: principal.id, limits });
  // What a client got wrong is told before any plugin's code sees it.
  const checked = await check(parts, original);
  const rewritten = await parts.hooks.call('execution.before', original, { principal });
  const prepared = rewritten === original ? checked : await checkRewritten(parts, original, rewritten);
  const denial = await parts.hooks.call('execution.veto', { request: prepared.request, principal });
  if (denial) throw new SoulboxError('execution_vetoed', denial.reason);
  return prepared;
}

async function check(parts: PrepareParts, request: ExecutionRequest): Promise<Prepared> {
  const { info, runtime } = await parts.languages.find(request.language);
  const source = decodeSource(request, parts.settings.sourceBytes);
  decodeStdin(request.stdin);
  return { request, language: info, runtime, input: { ...source, args: request.args ?? [] } };
}

/** A plugin's mistake must not look like the client's: what fails here is blamed on the hook. */
async function checkRewritten(
  parts: PrepareParts,
  original: ExecutionRequest,
  rewritten: ExecutionRequest,
): Promise<Prepared> {
  const { id, tenant, principalId, limits, ...params } = rewritten;
  const blame = (why: string) =>
    new SoulboxError('hook_invalid_result', `a plugin rewrote the execution into one that cannot run: ${why}`);
  if (!isDeepStrictEqual([id, tenant, principalId], [original.id, original.tenant, original.principalId]))
    throw blame('id, tenant and principalId cannot be changed');
  const parsed = ExecutionParamsSchema.safeParse({ ...params, limits });
  if (!parsed.success)
    throw blame(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  try {
    const held = resolveLimits(limits, parts.settings.limits, parts.settings.maximum);
    return await check(parts, freeze({ ...rewritten, limits: held }));
  } catch (thrown) {
    throw isSoulboxError(thrown) ? blame(thrown.message) : thrown;
  }
}
