import type { LanguageDetection } from '../contracts/detection.ts';

/**
 * The patterns of a {@link LanguageDetection}, written as expressions by what each of them weighs: `[5, /^begin$/u, …]`.
 * @throws TypeError for an expression with other flags than `u`, which would be lost.
 */
export function evidence(
  ...groups: readonly (readonly [weight: number, ...RegExp[]])[]
): NonNullable<LanguageDetection['patterns']> {
  return groups.flatMap(([weight, ...expressions]) =>
    expressions.map((expression) => {
      if (expression.flags !== 'u') throw new TypeError(`${expression} must have the flag u and no other`);
      return { pattern: expression.source, weight };
    }),
  );
}
