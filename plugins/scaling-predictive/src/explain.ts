import { defineOperation, z } from '@soulbox/plugin-sdk';
import type { Decision } from './forecaster.ts';

const count = z.int().min(0);
const number = z.number();

const ExplanationSchema = z.object({
  /** What is counted: `programs` of a tenant and language, of newcomers (tenant `null`), or `boxes` of a pool. */
  series: z.array(z.unknown()),
  at: z.iso.datetime(),
  want: count,
  /** As without this plugin. */
  usual: count,
  by: z.enum(['learning', 'forecast', 'plain']),
  /** Uses a second: what is expected, and where that comes from. */
  expected: z.object({ perSecond: number, burst: number, recent: number, seasonal: number.nullable(), rhythm: number }),
  /** What both ways would have cost lately, in seconds of one that waits. */
  costs: z.object({ own: number, plain: number }),
  /** The same in a sentence. */
  why: z.string(),
});
export type Explanation = z.infer<typeof ExplanationSchema>;

export const explainOperation = defineOperation({
  name: 'demand.explain',
  summary: 'Explains how many boxes and programs wait, the latest decision of each series first.',
  permission: 'demand:read',
  owner: { kind: 'host' },
  effect: 'read',
  params: z.strictObject({ limit: z.int().min(1).max(1_000).default(100) }),
  result: z.object({ decisions: z.array(ExplanationSchema) }),
  errors: [],
});

const rounded = (value: number) => Number(value.toPrecision(3));

/** A decision in words and figures. */
export function explain(key: string, decision: Decision): Explanation {
  const { at, want, usual, by, forecast, costs } = decision;
  const { perSecond, burst, recent, seasonal, rhythm } = forecast;
  return {
    series: JSON.parse(key) as unknown[],
    at: new Date(at).toISOString(),
    want,
    usual,
    by,
    expected: {
      perSecond: rounded(perSecond),
      burst: rounded(burst),
      recent: rounded(recent),
      seasonal: seasonal === null ? null : rounded(seasonal),
      rhythm: rounded(rhythm),
    },
    costs: { own: rounded(costs.own), plain: rounded(costs.plain) },
    why: `${want}: ${reasonOf(decision)}`,
  };
}

function reasonOf({ by, forecast, want, last, next, costs, worthSeconds }: Decision): string {
  if (by === 'learning') return 'as usual, too little has been seen';
  if (by === 'plain')
    return `as usual, which lately would have cost ${rounded(costs.plain)} s against ${rounded(costs.own)} s`;
  const sources = Object.entries(forecast).filter(([name, value]) => name !== 'perSecond' && value !== null);
  const [source = ''] = sources.toSorted(([, a], [, b]) => Number(b) - Number(a))[0] ?? [];
  const expected = `${rounded(forecast.perSecond)} a second are expected (${source})`;
  const worth = (taken: number) => `${rounded(taken * worthSeconds)} times what its place costs`;
  const least = want === 0 ? '' : `, the last is worth ${worth(last)}`;
  return `${expected}${least}, one more would be worth ${worth(next)}`;
}
