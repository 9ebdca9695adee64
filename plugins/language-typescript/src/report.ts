import type { Diagnostic } from '@soulbox/plugin-sdk';
import type { Problem } from './compile/program.ts';

const shownProblems = 20;
const excerptWidth = 120;

function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => (character === '\t' ? character : '?'));
}

/** The line and a mark under the column; of a long line the part around it. */
function excerpt({ sourceLine, column }: Problem): string {
  if (sourceLine.trim() === '') return '';
  const start = Math.max(0, column - 1 - excerptWidth / 2);
  const part = printable(sourceLine.slice(start, start + excerptWidth));
  const before = part.slice(0, column - 1 - start).replace(/[^\t]/g, ' ');
  return `  ${part}\n  ${before}^\n`;
}

/** What goes to standard error of a program that does not compile: `main.ts:3:7: message`, and the line in question. */
export function report(problems: readonly Problem[]): string {
  const shown = problems
    .slice(0, shownProblems)
    .map((p) => `${printable(p.file)}:${p.line}:${p.column}: ${printable(p.message)}\n${excerpt(p)}`);
  const more = problems.length - shown.length;
  return shown.join('') + (more > 0 ? `and ${more} more\n` : '');
}

/** The same for programs; columns count UTF-16 code units from 1. */
export function diagnostics(problems: readonly Problem[]): Diagnostic[] {
  return problems.map(({ file, line, column, message }) => ({ file, line, column, message }));
}
