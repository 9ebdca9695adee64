import type { LanguageDetection } from '@soulbox/plugin-sdk';
import { evidence } from '@soulbox/plugin-sdk/toolchain';

export const detection: LanguageDetection = {
  interpreters: ['ts-node', 'tsx', 'deno'],
  extends: 'javascript',
  patterns: evidence(
    [
      6,
      /\b(?:import|export) type\b/u,
      /\): (?:asserts )?\w+ is \w/u,
      /\b(?:public|private|protected) readonly \w/u,
      /\bconstructor\((?:public|private|protected|readonly) /u,
    ],
    [
      5,
      /\bfunction \w+<[A-Z]/u,
      /\bdeclare (?:module|global|const|function|namespace|class) /u,
      /\bkeyof \w/u,
      /\b(?:private|public|protected) (?:static )?(?:async )?\w+[?!]?(?:\(.*\))?: /u,
      /\bsatisfies [A-Z{]/u,
      /\bexport (?:interface|enum|abstract|declare) /u,
    ],
    [
      4,
      /\w\??\)?: (?:readonly )?(?:string|number|boolean|unknown|any|never|void|bigint|symbol|object)\b(?:[[\]|,;)={ &>]|$)/u,
      /\bas (?:const|unknown|any|string|number|boolean|never)\b/u,
      /\): [\w.]+(?:<.*>)?(?:\[\])?(?: \| \w+)? (?:\{|=>)/u,
      /<(?:string|number|boolean|unknown|any|void)[,>[ ]/u,
      /\b(?:Record|Partial|Readonly|Pick|Omit|Promise|Array|ReadonlyArray|ReturnType|Awaited|Required)</u,
      /^(?:export )?type \w+(?:<.*>)? = /u,
      /\breadonly \w+(?:\[\]|[?]?: )/u,
      /\bextends keyof\b/u,
      /\binfer [A-Z]/u,
    ],
    [
      3,
      /^(?:export )?(?:const|let|var) \w+: \w/u,
      /^interface \w+(?:<.*>)?(?: extends .*)? \{$/u,
      /\b(?:private|public|protected) \w+ = /u,
      /\w\?: \w/u,
      /^\w+: \w+(?:\[\])?;$/u,
    ],
    [2, /\benum \w+ \{$/u, /\w!\.\w/u, /\babstract (?:class )?\w+/u, /\([\w]+: [A-Z]\w*(?:\[\])?[,)]/u],
    [-3, /^\$\w+ = /u, /\bfn \w+/u, /^(?:def|func|package|using|fun) /u, /^<\?/u],
  ),
};
