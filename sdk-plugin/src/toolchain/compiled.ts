import type { Diagnostic } from '../contracts/execution.ts';
import type { PlannedStage } from '../contracts/language.ts';
import { messageLines, ownFile } from './diagnostics.ts';
import { boxEnvironment } from './environment.ts';

const env = '/usr/bin/env';

/**
 * A stage that compiles. It sees no variables but these and those of every box, so that a client's variables, which are
 * meant for the program, cannot break the compiler.
 */
export function compileStage(argv: readonly string[], variables: Readonly<Record<string, string>> = {}): PlannedStage {
  const assignments = Object.entries({ ...boxEnvironment, ...variables }).map(([name, value]) => `${name}=${value}`);
  return {
    name: 'compile',
    argv: [env, '-i', ...assignments, ...argv],
    env: boxEnvironment,
    stdin: false,
    compiles: true,
  };
}

/** The stage that runs what an earlier one compiled: `program` is a path in the working directory. */
export function runStage(
  program: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): PlannedStage {
  // A stage's program is named by an absolute path; where the working directory is, only the box knows.
  const argv = [env, `./${program}`, ...args];
  return { name: 'run', argv, env: { ...boxEnvironment, ...variables }, stdin: true };
}

const most = 100;

/**
 * The places that a compiler names in single lines, at most 100.
 * @param line matches a whole line, with the groups `file`, `line` and `message`; `column` counts as 1 where it is absent
 */
export function placesInLines(stderr: string, line: RegExp): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const text of messageLines(stderr)) {
    const { groups } = line.exec(text) ?? {};
    const file = ownFile(groups?.['file'] ?? '');
    if (!groups || file === undefined) continue;
    const { column = '1', message = '' } = groups;
    found.push({ file, line: Number(groups['line']), column: Number(column), message: message.trim() });
    if (found.length === most) break;
  }
  return found;
}
