import type { LanguageDetection } from '@soulbox/plugin-sdk';
import { evidence } from '@soulbox/plugin-sdk/toolchain';

export const detection: LanguageDetection = {
  fileNames: ['go.mod'],
  interpreters: ['gorun', 'yaegi'],
  patterns: evidence(
    [8, /^package \w+$/u, /\berr != nil\b/u, /^type \w+(?:\[.*\])? (?:struct|interface) ?\{/u],
    [
      6,
      /\bfmt\.[A-Z]\w+\(/u,
      /^import \($/u,
      /^for .* := range /u,
      /\bmake\((?:map|chan|\[\])/u,
      /\.\(type\)/u,
      /^func \(\w+ \*?\w[^)]*\) \w/u,
    ],
    [5, /^func \w+(?:\[.*\])?\(/u, /^defer /u, /\bmap\[\w+\]/u, /\binterface\{\}/u, /\biota\b/u, /^(?:var|const) \($/u],
    [
      4,
      / := /u,
      /^import "[^"]+"$/u,
      /^go (?:func|\w[\w.]*)\(/u,
      /\bchan \w/u,
      /\b(?:strings|strconv|os|http|errors|time|sync|json|sort|bufio|log|bytes|context|rand)\.[A-Z]\w+/u,
      /^return .*, (?:nil|err)$/u,
      /^select \{$/u,
      /\bfunc\(.*\) ?[\w(*[\]]* ?\{$/u,
    ],
    [
      3,
      /\[\](?:int|string|byte|float64|rune|bool|\w+\{)/u,
      /^if .*; .* \{$/u,
      /\bappend\(\w[\w.]*, /u,
      /^var \w+ [\w[*]/u,
      /\w ?<- ?\w/u,
      /^for \{$/u,
    ],
    [
      2,
      /^type \w+ \w+$/u,
      /<-/u,
      /^for .*; .*; \w+\+\+ \{$/u,
      /^[A-Z]\w* +\S+ `\w/u,
      /&\w+\{/u,
      /\b(?:rune|float64|int64|uint32|error)\b/u,
    ],
    [1, /\bnil\b/u, /^case .*:$/u, /^switch .*\{$/u, /\blen\(/u, /^\/\//u, /^if [^(].*\{$/u, /^"[\w/.-]+"$/u],
    [-2, /;$/u, /:$/u],
  ),
};
