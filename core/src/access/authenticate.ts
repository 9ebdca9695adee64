import { SoulboxError, type AuthProvider, type Credentials, type Principal } from '@soulbox/plugin-sdk';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { TapOwner } from '../hooks/tap.ts';

/** Lets a provider answer in `auth.authenticate`, for the schemes that it names. */
export function tapProvider(hooks: HookBus, owner: TapOwner, provider: AuthProvider): Disposable {
  let schemes: Promise<readonly string[]> | undefined;
  const verify = async (credentials: Credentials, { signal }: { signal: AbortSignal }) => {
    schemes ??= provider.describe().then((d) => d.schemes);
    // Asked again next time, for what failed once may work then.
    schemes.catch(() => (schemes = undefined));
    return (await schemes).includes(credentials.scheme) ? provider.verify(credentials, { signal }) : undefined;
  };
  return hooks.tap(owner, 'auth.authenticate', verify, {}, 'all');
}

/**
 * Who holds these credentials.
 * @throws unauthenticated when nobody knows them; auth_unavailable when a plugin failed: then nobody is let in.
 */
export async function authenticate(hooks: HookBus, credentials: Credentials): Promise<Principal> {
  let principal: Principal | undefined;
  try {
    principal = await hooks.call('auth.authenticate', Object.freeze({ ...credentials }));
  } catch (cause) {
    throw new SoulboxError('auth_unavailable', 'credentials cannot be checked now', { cause });
  }
  if (!principal) throw new SoulboxError('unauthenticated', 'these credentials are not valid');
  const { id, tenant, roles, scopes } = principal;
  return Object.freeze({ id, tenant, roles: Object.freeze([...roles]), scopes: Object.freeze([...scopes]) });
}
