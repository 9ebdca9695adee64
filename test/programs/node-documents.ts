import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/soulbox.ts';
import type { RealProgram } from './real-programs.ts';

const block = /^( *)\* ```js\n([^]*?)^ *\* ```$/gm;
const printed = /\/\/ Prints: (.*)$/;

/** What the comments of a program say that it prints, if every line that prints has one; comments may go on below. */
function promised(lines: readonly string[]): string[] | undefined {
  const prints = lines.filter((line) => /console\.log\(/.test(line)).length;
  const found = lines.flatMap((line) => printed.exec(line)?.[1] ?? []);
  const goesOn = lines.some((line, index) => printed.test(line) && /^\s*\/\/ (?!Prints)/.test(lines[index + 1] ?? ''));
  // Some tell a string in quotes, or with spaces that are not printed.
  const isExact = found.every((line) => !/^['"]|bytes|\(.*\)|\s$/.test(line) && line !== '');
  return prints > 0 && prints === found.length && isExact && !goesOn ? found : undefined;
}

/**
 * Whole programs out of the documentation of Node.js, as its type declarations quote it, that say what they print.
 * @param ending of the file that each is run as
 */
export function nodeDocuments(file: string, ending: string): RealProgram[] {
  const text = readFileSync(join(root, 'node_modules/@types/node', file), 'utf8');
  return [...text.matchAll(block)].flatMap(([, , body = ''], index) => {
    const code = body
      .replace(/^ *\* ?/gm, '')
      .replaceAll('&#x26;', '&')
      .replaceAll('&#x3C;', '<');
    const lines = code.split('\n');
    const expected = promised(lines);
    const isWhole = /^import /m.test(code) && !/buf(fer)?\.(parent|offset)|os\.|process\./.test(code);
    // Some show what is thrown as well.
    if (!expected || !isWhole || /\/\/ Throws/.test(code)) return [];
    return { name: `${file} ${index}`, files: { [`main${ending}`]: code }, expected: expected.join('\n') };
  });
}
