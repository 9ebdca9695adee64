import { transformSync, type Options } from '@swc/wasm-typescript';
import type { Problem } from './program.ts';
import { unitColumn } from './columns.ts';

export interface Emitted {
  readonly code: string;
  /** A source map as JSON. */
  readonly map?: string;
}

/** The compiler refused a file for a reason that its author can understand. */
export class SourceRefused extends Error {
  readonly problem: Problem;
  /** There is nothing wrong with the file, but its types cannot simply be taken out. */
  readonly needsTransform: boolean;

  constructor(problem: Problem, needsTransform: boolean) {
    super(problem.message);
    this.problem = problem;
    this.needsTransform = needsTransform;
  }
}

interface Refusal {
  readonly code?: unknown;
  readonly message: string;
  readonly startLine?: number;
  readonly startColumn?: number;
}

// A broken compiler throws Errors (RuntimeError, RangeError); a working one refuses with plain objects.
function isRefusal(thrown: unknown): thrown is Refusal {
  return (
    typeof thrown === 'object' &&
    thrown !== null &&
    !(thrown instanceof Error) &&
    typeof (thrown as Partial<Refusal>).message === 'string'
  );
}

/** Runs the compiler on one file. @throws SourceRefused, or any Error when the compiler itself broke. */
export function compileWith(path: string, source: string, options: Options): Emitted {
  try {
    return transformSync(source, { ...options, filename: path });
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    const line = thrown.startLine ?? 1;
    const sourceLine = source.split('\n')[line - 1]?.replace(/\r$/, '') ?? '';
    const column = unitColumn(sourceLine, thrown.startColumn ?? 0) + 1;
    throw new SourceRefused(
      { file: path, line, column, message: thrown.message, sourceLine },
      thrown.code === 'UnsupportedSyntax',
    );
  }
}
