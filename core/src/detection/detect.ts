import { basename } from 'node:path';
import type { LanguageAbout } from '@soulbox/plugin-sdk';
import { judgeContent, type Candidate } from './content.ts';
import { interpreterNames, interpreterOf } from './shebang.ts';

export interface DetectionInput {
  readonly fileName?: string | undefined;
  readonly code?: string | undefined;
}

export interface Detection {
  /** `null` where nothing tells, or several are about as likely. */
  readonly language: string | null;
  /** From 0 to 1; 0 without a language. */
  readonly confidence: number;
  /** What told; `null` without a language. */
  readonly by: 'name' | 'shebang' | 'content' | null;
  /** The likeliest first. */
  readonly candidates: readonly Candidate[];
}

/** Below this likelihood the answer is that it is not known. */
const sure = 0.6;

function certain(found: readonly LanguageAbout[], by: 'name' | 'shebang'): Detection | undefined {
  const [only, ...others] = found;
  if (!only || others.length > 0) return undefined;
  return { language: only.name, confidence: 1, by, candidates: [{ language: only.name, confidence: 1 }] };
}

function namedBy(fileName: string, languages: readonly LanguageAbout[]): readonly LanguageAbout[] {
  const name = basename(fileName);
  const whole = languages.filter(({ detection }) => detection?.fileNames?.includes(name));
  if (whole.length > 0) return whole;
  const ending = /\.[^.]+$/.exec(name)?.[0];
  // A name that begins with its only dot has no ending.
  return ending === undefined || ending === name ? [] : languages.filter((info) => info.extensions.includes(ending));
}

function interpretedBy(code: string, languages: readonly LanguageAbout[]): readonly LanguageAbout[] {
  const interpreter = interpreterOf(code);
  if (interpreter === undefined) return [];
  const names = interpreterNames(interpreter);
  return languages.filter(({ detection }) => detection?.interpreters?.some((known) => names.includes(known)));
}

/**
 * Tells the language of a program by its file's name, else by its first line `#!`, else by what it looks like. Where a
 * name or an interpreter stands for several languages, those are the only ones that the next step chooses among.
 */
export function detectLanguage({ fileName, code }: DetectionInput, languages: readonly LanguageAbout[]): Detection {
  let possible = languages;
  const narrow = (found: readonly LanguageAbout[], by: 'name' | 'shebang'): Detection | undefined => {
    if (found.length > 0) possible = found;
    return certain(found, by);
  };
  const told =
    (fileName === undefined ? undefined : narrow(namedBy(fileName, possible), 'name')) ??
    (code === undefined ? undefined : narrow(interpretedBy(code, possible), 'shebang'));
  if (told) return told;
  const candidates = code === undefined ? [] : judgeContent(code, possible);
  const [first] = candidates;
  if (first && first.confidence >= sure) return { ...first, by: 'content', candidates };
  return { language: null, confidence: 0, by: null, candidates };
}
