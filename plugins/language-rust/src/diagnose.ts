import type { Diagnostic } from '@soulbox/plugin-sdk';
import { messageLines, ownFile } from '@soulbox/plugin-sdk/toolchain';

const most = 100;
const header = /^error(?:\[E\d+\])?: (?<message>.+)$/;
const arrow = /^ *--> (?<file>.+):(?<line>\d+):(?<column>\d+)$/;
/** Since 1.73 the message stands in the line below. */
const panic =
  /^thread '.*?' (?:\(\d+\) )?panicked at (?:'(?<message>.*)', )?(?<file>[^']+?):(?<line>\d+):(?<column>\d+):?$/;

function diagnostic(groups: Record<string, string>, message: string): Diagnostic | undefined {
  const { file = '', line, column } = groups;
  const own = ownFile(file);
  return own === undefined ? undefined : { file: own, line: Number(line), column: Number(column), message };
}

function errors(lines: readonly string[]): Diagnostic[] {
  const found: Diagnostic[] = [];
  let message: string | undefined;
  for (const line of lines) {
    const place = arrow.exec(line)?.groups;
    if (place && message !== undefined) {
      const error = diagnostic(place, message);
      if (error) found.push(error);
      message = undefined; // what else is pointed at belongs to the same error
    }
    message = header.exec(line)?.groups?.['message'] ?? message;
    if (found.length === most) break;
  }
  return found;
}

function panics(lines: readonly string[]): Diagnostic[] {
  const found = lines.flatMap((line, index) => {
    const groups = panic.exec(line)?.groups;
    return groups ? (diagnostic(groups, groups['message'] ?? lines[index + 1] ?? '') ?? []) : [];
  });
  return found.slice(0, most);
}

/** The places that the compiler names, or those where the program panicked. */
export function diagnose(stage: string, stderr: string): Diagnostic[] {
  const lines = messageLines(stderr);
  return stage === 'compile' ? errors(lines) : panics(lines);
}
