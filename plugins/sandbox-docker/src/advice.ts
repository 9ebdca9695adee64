import { isSoulboxError, type Enforcement } from '@soulbox/plugin-sdk';

/** What an operator can do to have more enforced by this driver. */
export function adviceFor(enforced: Enforcement): string[] {
  const advice: string[] = [];
  if (!enforced.namespaces.split(',').includes('user'))
    advice.push(
      'Each execution has a container of its own, without a user namespace: allow them on the machine of the engine (sysctl user.max_user_namespaces), or use rootless Docker.',
    );
  return advice;
}

/** The advice that an error carries. */
export function adviceOf(thrown: unknown): string[] {
  if (!isSoulboxError(thrown)) return [];
  const advice: unknown = thrown.details?.['advice'];
  return Array.isArray(advice) ? advice.map(String) : [thrown.entry.advice];
}
