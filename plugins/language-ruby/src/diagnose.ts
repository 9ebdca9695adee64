import type { Diagnostic } from '@soulbox/plugin-sdk';
import { atOwnPlace, messageLines, type Place } from '@soulbox/plugin-sdk/toolchain';

/** `main.rb:3: syntax error, unexpected ':'` of Ruby before 3.4, `main.rb:3: syntax error found (SyntaxError)` since. */
const syntax = /^(.+?):(\d+): (syntax errors?\b.*)$/;
/** Under the line of source, which newer versions show behind its number. */
const mark = /^(?: *\| )?([\t ]*)\^[~^]*(?: (.*))?$/;
/** `main.rb:3:in 'Object#f': message (KeyError)`; lines that follow say where that was called from. */
const raised = /^(.+?):(\d+):in [`'].*?': (.*)$|^(.+?):(\d+): (.*\([A-Z]\w*(?:::\w+)*\))$/;
const from = /^\t(?:\s*\d+: )?from (.+?):(\d+)(?::in |$)/;

function syntaxError(lines: readonly string[], index: number): Diagnostic[] {
  const [, file = '', line, text = ''] = syntax.exec(lines[index] ?? '') ?? [];
  const below = lines.slice(index + 1, index + 12);
  const marked = below.map((each) => mark.exec(each)).find((match) => match !== null);
  const isCut = below[0]?.startsWith('...') === true;
  const column = marked && !isCut ? (marked[1]?.length ?? 0) + 1 : 1;
  return atOwnPlace([{ file, line: Number(line), column }], marked?.[2] ?? text);
}

/** The place of the syntax error or uncaught exception that ended a program. */
export async function diagnose(_stage: string, stderr: string): Promise<Diagnostic[]> {
  const lines = messageLines(stderr);
  const refused = lines.findIndex((line) => syntax.test(line));
  if (refused >= 0) return syntaxError(lines, refused);
  const first = lines.findIndex((line) => raised.test(line));
  const match = raised.exec(lines[first] ?? '');
  if (!match) return [];
  const [, file = match[4] ?? '', line = match[5], message = match[6] ?? ''] = match;
  const callers = lines.slice(first + 1).flatMap((each): Place[] => {
    const [, caller, number] = from.exec(each) ?? [];
    return caller === undefined ? [] : [{ file: caller, line: Number(number) }];
  });
  return atOwnPlace([{ file, line: Number(line) }, ...callers], message);
}
