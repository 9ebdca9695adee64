import { z } from 'zod';
import { tokens } from '../token.ts';

/** Who asks. Frozen before any hook sees it. */
export const PrincipalSchema = z.object({
  id: z.string().min(1),
  /** What belongs to one tenant is unknown to every other. */
  tenant: z.string().min(1),
  roles: z.array(z.string()).readonly(),
  /** Permissions: `executions:create`, `executions:*` or `*`. */
  scopes: z.array(z.string()).readonly(),
});
export type Principal = Readonly<z.infer<typeof PrincipalSchema>>;

/** What a client showed to prove who it is. */
export interface Credentials {
  /** In lower case: `bearer`. */
  readonly scheme: string;
  readonly value: string;
  /** The client's address, for rate limits and audit. */
  readonly remote: string | null;
}

/** Why an action is refused; `reason` reaches the client. */
export const DenialSchema = z.object({ reason: z.string().min(1).max(500) });
export type Denial = Readonly<z.infer<typeof DenialSchema>>;

/**
 * Verifies one kind of credential. The host taps each provider into the hook `auth.authenticate`; providing this
 * needs no permission beyond the capability itself.
 */
export interface AuthProvider {
  /** The credential schemes it answers for: `['bearer']`. */
  describe(): Promise<{ readonly schemes: readonly string[] }>;
  /**
   * `undefined` abstains: not a credential of this provider, or one that it does not accept.
   * Throwing means that nobody is let in by anyone: authentication fails closed.
   */
  verify(credentials: Credentials, options: { readonly signal: AbortSignal }): Promise<Principal | undefined>;
  /**
   * Called once when the host is ready. A provider whose store holds no credential yet makes the first one and
   * returns it to be shown to the operator; otherwise `undefined`.
   */
  bootstrap?(): Promise<{ readonly label: string; readonly secret: string } | undefined>;
}
export const AuthProvider = tokens<AuthProvider>('auth-provider', '1.0.0', ['describe', 'verify']);

/** Whether one of `scopes` grants `permission` (`group:verb`). */
export function grants(scopes: readonly string[], permission: string): boolean {
  const group = permission.slice(0, permission.indexOf(':'));
  return scopes.some((scope) => scope === '*' || scope === permission || scope === `${group}:*`);
}
