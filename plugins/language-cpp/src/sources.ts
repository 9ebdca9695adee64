import { posix } from 'node:path';
import type { PlanInput } from '@soulbox/plugin-sdk';
import { chooseEntry } from '@soulbox/plugin-sdk/toolchain';

export const extensions = ['.cpp', '.cc', '.cxx'];

const entryRules = { codeName: 'main.cpp', usual: extensions.map((ending) => `main${ending}`), extensions };

export interface Sources {
  /** The files, each with a name. */
  readonly files: PlanInput['files'];
  /** The files to compile, the entry first. */
  readonly units: readonly string[];
  /** Folders to look for headers in, beside that of the file that names one. */
  readonly headers: readonly string[];
}

/** Whether a program could begin in this file: `int main(` stands at the beginning of a line of it. */
function definesMain(content: Uint8Array): boolean {
  return /^(int|auto|signed)\s+main\s*\(/m.test(Buffer.from(content).toString());
}

/**
 * What belongs to the program that begins in the entry: every source but those in which another program begins.
 * @throws SoulboxError `invalid_params` when nothing could be the entry
 */
export function chooseSources(input: PlanInput): Sources {
  const { entry, files } = chooseEntry(input, entryRules);
  const others = files.filter(({ path, content }) => {
    const isSource = extensions.some((ending) => path.endsWith(ending));
    return isSource && path !== entry && !definesMain(content);
  });
  return { files, units: [entry, ...others.map(({ path }) => path)], headers: ['.', 'include', posix.dirname(entry)] };
}
