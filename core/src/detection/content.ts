import type { LanguageAbout } from '@soulbox/plugin-sdk';

/** How likely a language is, from 0 to 1. */
export interface Candidate {
  readonly language: string;
  readonly confidence: number;
}

/** What decides lies near the beginning; what is beyond these bounds is not looked at. */
const mostCharacters = 64 * 1024;
const mostLines = 2_000;
const longestLine = 200;
/** What must speak for a language before it is as likely as that none of them is meant. */
const doubt = 1;

function linesOf(code: string): string[] {
  const lines = code.slice(0, mostCharacters).split('\n', mostLines);
  return [...new Set(lines.map((line) => line.trim().slice(0, longestLine)))].filter((line) => line !== '');
}

function scoreOf({ detection }: LanguageAbout, lines: readonly string[]): number {
  let score = 0;
  for (const { pattern, weight } of detection?.patterns ?? []) {
    const expression = new RegExp(pattern, 'u');
    if (lines.some((line) => expression.test(line))) score += weight;
  }
  return score;
}

/** What speaks for the language that another adds to counts for that other too, if anything of its own does. */
function withExtended(languages: readonly LanguageAbout[], own: ReadonlyMap<string, number>): Map<string, number> {
  return new Map(
    languages.map(({ name, detection }) => {
      const score = own.get(name) ?? 0;
      const base = detection?.extends === undefined ? 0 : (own.get(detection.extends) ?? 0);
      return [name, score > 0 ? score + Math.max(base, 0) : score];
    }),
  );
}

/** The languages that a text could be of, the likeliest first; none where nothing speaks for any. */
export function judgeContent(code: string, languages: readonly LanguageAbout[]): readonly Candidate[] {
  const lines = linesOf(code);
  const own = new Map(languages.map((info) => [info.name, scoreOf(info, lines)]));
  const scores = [...withExtended(languages, own)].filter(([, score]) => score > 0);
  const highest = Math.max(doubt, ...scores.map(([, score]) => score));
  // Relative to the highest, so that no sum grows beyond what numbers hold.
  const odds = (score: number): number => 2 ** (score - highest);
  const all = scores.reduce((sum, [, score]) => sum + odds(score), odds(doubt));
  return scores
    .map(([language, score]) => ({ language, confidence: odds(score) / all }))
    .toSorted((a, b) => b.confidence - a.confidence);
}
