import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface Snippet {
  /** What it is written in; `null` where that cannot be told. */
  readonly language: string | null;
  readonly title: string;
  readonly code: string;
}

const separator = /^%%% /m;

/** The labelled programs of one half: a file for each language, and one for what is of none. */
export function readSnippets(folder: string): Snippet[] {
  return readdirSync(folder).flatMap((file) => {
    const label = file.replace(/\.txt$/, '');
    const [, ...parts] = readFileSync(join(folder, file), 'utf8').split(separator);
    return parts.map((part) => {
      const end = part.indexOf('\n');
      return {
        language: label === 'ambiguous' ? null : label,
        title: part.slice(0, end),
        code: part.slice(end + 1),
      };
    });
  });
}
