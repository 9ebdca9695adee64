import { SoulboxError, type Limits, type PartialLimits } from '@soulbox/plugin-sdk';

/**
 * The limits that will hold: what is asked for, and the defaults for the rest.
 * @throws limit_out_of_range with `details.field` and `details.maximum`
 */
export function resolveLimits(asked: PartialLimits | undefined, defaults: Limits, maximum: Limits): Limits {
  const limits = { ...defaults };
  for (const [name, value] of Object.entries(asked ?? {}) as [keyof Limits, number | undefined][]) {
    if (value === undefined) continue;
    if (value > maximum[name]) {
      throw new SoulboxError('limit_out_of_range', `limits.${name}: ${value} is more than ${maximum[name]}`, {
        details: { field: `limits.${name}`, maximum: maximum[name] },
      });
    }
    limits[name] = value;
  }
  return Object.freeze(limits);
}
