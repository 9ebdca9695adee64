import { grants, SoulboxError, type OperationDefinition, type Principal } from '@soulbox/plugin-sdk';
import type { HookBus } from '../hooks/hook-bus.ts';

/**
 * Lets a principal use an operation, or not: its scopes must permit it, and no plugin may object.
 * @throws permission_denied, auth_unavailable when a plugin that might object failed.
 */
export async function authorize(
  hooks: HookBus,
  principal: Principal,
  operation: Pick<OperationDefinition, 'name' | 'permission'>,
): Promise<void> {
  const reason = await refusal(hooks, principal, operation);
  if (hooks.tapped('auth.decided')) {
    await hooks.call('auth.decided', { principal, operation: operation.name, allowed: reason === null, reason });
  }
  if (reason !== null)
    throw new SoulboxError('permission_denied', reason, { details: { permission: operation.permission } });
}

async function refusal(
  hooks: HookBus,
  principal: Principal,
  operation: Pick<OperationDefinition, 'name' | 'permission'>,
): Promise<string | null> {
  if (!grants(principal.scopes, operation.permission))
    return `${operation.name} needs the permission ${operation.permission}`;
  try {
    const denial = await hooks.call('auth.veto', {
      principal,
      operation: operation.name,
      permission: operation.permission,
    });
    return denial ? denial.reason : null;
  } catch (cause) {
    throw new SoulboxError('auth_unavailable', 'permissions cannot be checked now', { cause });
  }
}
