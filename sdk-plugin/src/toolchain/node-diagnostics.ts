import type { Diagnostic } from '../contracts/execution.ts';
import { atOwnPlace, messageLines, type Place } from './diagnostics.ts';

const heading = /^(.+):(\d+)$/;
const mark = /^([\t ]*)\^+\s*$/;
const frame = /^ {4}at (?:.* \()?(.+?):(\d+):(\d+)\)?$/;

/** Node.js begins with where it stopped: file and line, the line of source, and a mark under it. */
function headingAt(lines: readonly string[]): { index: number; place: Place } | undefined {
  for (const [index, line] of lines.entries()) {
    const [, indent] = mark.exec(lines[index + 2] ?? '') ?? [];
    const [, file, number] = (indent !== undefined && heading.exec(line)) || [];
    if (file !== undefined) return { index, place: { file, line: Number(number), column: (indent?.length ?? 0) + 1 } };
  }
  return undefined;
}

/** The place of the syntax error or uncaught exception that ended a program of Node.js, from its standard error. */
export async function diagnoseNode(_stage: string, stderr: string): Promise<Diagnostic[]> {
  const lines = messageLines(stderr);
  const found = headingAt(lines);
  if (!found) return [];
  const after = lines.slice(found.index + 3);
  const message = after.find((line) => line.trim() !== '' && line !== 'Uncaught:') ?? '';
  const frames = after.flatMap((line) => {
    const [, file, number, column] = frame.exec(line) ?? [];
    return file === undefined ? [] : [{ file, line: Number(number), column: Number(column) }];
  });
  // Of an exception the stack trace knows more; the stack of a syntax error is Node's own.
  const places = message.startsWith('SyntaxError') ? [found.place, ...frames] : [...frames, found.place];
  return atOwnPlace(places, message);
}
