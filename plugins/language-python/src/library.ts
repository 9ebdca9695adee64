import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Interpreter {
  /** Absolute; what a box runs. */
  readonly executable: string;
  /** E.g. `3.11.7`. */
  readonly version: string;
  /** What boxes need of it. */
  readonly paths: readonly string[];
  /** The wheel that pip is run from; `undefined` where there is none. */
  readonly pip: string | undefined;
}

const packageFolders = new Set(['site-packages', 'dist-packages']);

/** The standard library by its parts, where the packages to be kept out lie within it. */
export function withoutPackages(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !packageFolders.has(name))
    .map((name) => join(folder, name));
}
