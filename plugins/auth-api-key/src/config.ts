import { z } from '@soulbox/plugin-sdk';
import { ScopeSchema } from './scopes.ts';

export const ConfigSchema = z.strictObject({
  /** What a key may do when its maker does not say. */
  defaultScopes: z.array(ScopeSchema).min(1).max(100).default(['executions:*', 'languages:read', 'host:read']),
  /** How long a verified key is believed without asking the store, in milliseconds; a revocation ends it at once. */
  cacheMs: z.int().min(0).max(60_000).default(5_000),
  /** How often the time of last use is written, in milliseconds. */
  lastUsedMs: z.int().min(1_000).max(86_400_000).default(60_000),
});
