import { SoulboxError } from '@soulbox/plugin-sdk';
import type { Principal, SchemaOutput } from '@soulbox/plugin-sdk';
import { isUsable, type KeyRecord } from './key-record.ts';
import type { NewKey } from './key-repository.ts';
import type { createOperation } from './operations.ts';
import { scopesBeyond } from './scopes.ts';

type Wish = SchemaOutput<(typeof createOperation)['params']>;

function deny(message: string, details: Record<string, unknown>): never {
  throw new SoulboxError('permission_denied', message, { details });
}

/** The end of a new key: as wished, but never after that of the key which makes it. */
function expiryOf(wish: Wish, own: KeyRecord | undefined, now: number): string | null {
  const wished = wish.expiresInMs === undefined ? undefined : new Date(now + wish.expiresInMs).toISOString();
  const latest = own?.expiresAt ?? null;
  if (wished !== undefined && latest !== null && Date.parse(wished) > Date.parse(latest))
    deny('a key cannot outlive the key that makes it', { expiresAt: latest });
  return wished ?? latest;
}

/**
 * What a new key may be: nobody gives away more than he has.
 * @param own the key that `maker` holds, if it is one.
 * @throws permission_denied for scopes, a tenant or a time beyond the maker's own.
 */
export function grantKey(
  wish: Wish,
  maker: Principal,
  own: KeyRecord | undefined,
  defaultScopes: readonly string[],
): NewKey {
  const now = Date.now();
  if (own && !isUsable(own, now)) deny('your key has ended', {});
  const scopes = [...new Set(wish.scopes ?? defaultScopes)];
  const beyond = scopesBeyond(maker.scopes, scopes);
  if (beyond.length > 0) deny(`you cannot grant what you do not hold: ${beyond.join(', ')}`, { scopes: beyond });
  const tenant = wish.tenant ?? maker.tenant;
  if (tenant !== maker.tenant && !maker.scopes.includes('*'))
    deny('only who holds * makes keys for another tenant', { tenant });
  return { name: wish.name, tenant, scopes, createdBy: maker.id, expiresAt: expiryOf(wish, own, now) };
}
