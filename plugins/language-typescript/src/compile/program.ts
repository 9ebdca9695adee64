import type { Diagnostic } from '@soulbox/plugin-sdk';

export interface SourceText {
  readonly path: string;
  readonly content: Uint8Array;
}

export interface Program {
  /** Everything that is TypeScript or JavaScript. */
  readonly sources: readonly SourceText[];
  /** The paths of everything else. */
  readonly others: readonly string[];
  /** Whether it is one cell of a context, whose names are used by later ones. */
  readonly isCell?: boolean;
}

/** What the compiler makes of a program: all its sources, compiled. */
export type Compilation =
  | { readonly ok: true; readonly files: readonly SourceText[] }
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      /** The compiler's memory can no longer be trusted: it must not be used again. */
      readonly broken: boolean;
    };

/** A diagnostic with the line of source that it is about; `''` where there is none. */
export interface Problem extends Diagnostic {
  readonly sourceLine: string;
}

/** A problem of a file as a whole. */
export function wholeFile(file: string, message: string): Problem {
  return { file, line: 1, column: 1, message, sourceLine: '' };
}
