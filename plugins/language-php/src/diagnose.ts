import type { Diagnostic } from '@soulbox/plugin-sdk';
import { atOwnPlace, messageLines } from '@soulbox/plugin-sdk/toolchain';

const start = /^(?:PHP )?(Parse|Fatal|Compile) error: +(.*)$/;
/** Ends a message, which may have several lines: `message in /home/sandbox/main.php on line 3`, or `…main.php:3`. */
const place = /^(.*) in (.+?)(?: on line |:)(\d+)$/;
const frame = /^#\d+ (.+?)\((\d+)\): /;

/** The place of the error or uncaught exception that ended a program. */
export async function diagnose(_stage: string, stderr: string): Promise<Diagnostic[]> {
  const lines = messageLines(stderr);
  const first = lines.findIndex((line) => start.test(line));
  if (first < 0) return [];
  const [, , text = ''] = start.exec(lines[first] ?? '') ?? [];
  const message: string[] = [];
  for (const line of [text, ...lines.slice(first + 1)]) {
    const [, end, file, number] = place.exec(line) ?? [];
    message.push(end ?? line);
    if (file === undefined) continue;
    const callers = lines.flatMap((each) => {
      const [, caller, at] = frame.exec(each) ?? [];
      return caller === undefined ? [] : [{ file: caller, line: Number(at) }];
    });
    const said = message.join('\n').replace(/^Uncaught /, '');
    return atOwnPlace([{ file, line: Number(number) }, ...callers], said);
  }
  return [];
}
