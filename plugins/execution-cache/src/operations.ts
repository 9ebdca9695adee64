import { defineOperation, z } from '@soulbox/plugin-sdk';

const count = z.int().min(0);

export const statsOperation = defineOperation({
  name: 'cache.stats',
  summary: 'Tells how often results of earlier runs answered since the host came up, and from which cache.',
  permission: 'host:read',
  owner: { kind: 'host' },
  effect: 'read',
  params: z.strictObject({}),
  result: z.object({
    lookups: count,
    hits: count,
    kept: count,
    tooLarge: count,
    /** In the order in which they are asked. */
    tiers: z.array(
      z.object({
        name: z.string(),
        present: z.boolean(),
        hits: count,
        misses: count,
        failures: count,
        unusable: count,
      }),
    ),
  }),
  errors: [],
});
