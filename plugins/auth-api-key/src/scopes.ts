import { grants, z } from '@soulbox/plugin-sdk';

export const ScopeSchema = z
  .string()
  .max(129)
  .regex(/^(\*|[a-z][a-zA-Z]{0,63}:(\*|[a-z][a-zA-Z]{0,63}))$/, 'must be group:verb, group:* or *');

/** Those of `wanted` that reach beyond `own`. */
export function scopesBeyond(own: readonly string[], wanted: readonly string[]): string[] {
  return wanted.filter((scope) => (scope === '*' ? !own.includes('*') : !grants(own, scope)));
}
