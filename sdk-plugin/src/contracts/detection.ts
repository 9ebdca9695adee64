import { z } from 'zod';

/** Repetitions without an upper bound that one pattern may have. */
const mostRepetitions = 3;

/**
 * What keeps a pattern from being matched in time that grows only with the text; `undefined` if nothing does. A group may
 * be optional but not repeated, nothing refers back to a group, and few parts are repeated without bound.
 */
function hazard(source: string): string | undefined {
  try {
    RegExp(source, 'u');
  } catch {
    return 'must be a regular expression of JavaScript';
  }
  if (/\\(?:[1-9]|k)/.test(source.replaceAll('\\\\', ''))) return 'must not refer back to a group';
  // Escapes and character classes become one plain character: what is left is structure.
  const structure = source.replace(/\\[pP]\{[^}]*\}|\\./g, 'x').replace(/\[[^\]]*\]/g, 'x');
  if (/\)(?:[*+]|\{(?!0,1\}))/.test(structure)) return 'must not repeat a group';
  if ((structure.match(/[*+]|\{\d+,\}/g) ?? []).length > mostRepetitions)
    return `must not repeat more than ${mostRepetitions} parts without bound`;
  return undefined;
}

const PatternSchema = z
  .string()
  .min(1)
  .max(400)
  .superRefine((source, context) => {
    const message = hazard(source);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

/** How programs of a language are told from those of others when nobody says what they are written in. */
export const LanguageDetectionSchema = z.object({
  /** Whole names of files, besides the language's extensions: `Makefile`. */
  fileNames: z.array(z.string().min(1)).exactOptional(),
  /** Programs that the first line `#!` names, without their version: `perl` stands for `perl5.36` too. */
  interpreters: z.array(z.string().min(1)).exactOptional(),
  /** What lines of it look like. */
  patterns: z
    .array(
      z.object({
        /** A regular expression of JavaScript (flag `u`), tried on each line, without the white space around it. */
        pattern: PatternSchema,
        /** How much it tells, once, wherever it is found: 1 doubles the odds, 5 all but decides. Negative: speaks against. */
        weight: z.number().min(-20).max(20),
      }),
    )
    .max(200)
    .exactOptional(),
  /** A language that this one adds to: what speaks for that one speaks for this one as well, once a pattern of its own does. */
  extends: z.string().min(1).exactOptional(),
});
export type LanguageDetection = Readonly<z.infer<typeof LanguageDetectionSchema>>;
