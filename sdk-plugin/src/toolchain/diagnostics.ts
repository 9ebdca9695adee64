import type { Diagnostic } from '../contracts/execution.ts';

const home = '/home/sandbox/';

function fromUrl(written: string): string {
  if (!written.startsWith('file://')) return written;
  const path = written.slice('file://'.length);
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * The path of a program's own file as its client named it, from how a toolchain writes it in a message; `undefined` for
 * files of the toolchain itself, and for what is no file at all, such as `<string>`.
 */
export function ownFile(written: string): string | undefined {
  const path = fromUrl(written);
  if (path.startsWith(home)) return path.slice(home.length);
  return /^([/<[]|node:|$)/.test(path) ? undefined : path.replace(/^(\.\/)+/, '');
}

export interface Place {
  /** As the toolchain writes it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1; absent where it is not known. */
  readonly column?: number;
}

/** The first of some places that lies in a file of the program itself, as all there is to say about a failed stage. */
export function atOwnPlace(places: readonly Place[], message: string): Diagnostic[] {
  for (const { file, line, column = 1 } of places) {
    const own = ownFile(file);
    if (own !== undefined && line > 0) return [{ file: own, line, column, message }];
  }
  return [];
}

const longest = 1_000;

/** Lines of a toolchain's messages. Those too long for one are empty: programs can write anything, to slow down who reads it. */
export function messageLines(stderr: string): string[] {
  return stderr.split('\n').map((line) => (line.length > longest ? '' : line.replace(/\r$/, '')));
}
