import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./child-main.js', import.meta.url));

/** Another process on the same database; see child-main.ts for what it can do. */
export interface Child {
  readonly process: ChildProcess;
  /** What it prints, line by line. */
  readonly lines: AsyncIterable<string>;
  /** Its exit code or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

export function startChild(task: string, path: string, ...settings: readonly string[]): Child {
  return runChild(process.execPath, [program, task, path, ...settings]);
}

/** As {@link startChild}, but no file may grow over `blocks` of 512 bytes. */
export function startLimitedChild(blocks: number, task: string, path: string): Child {
  const script = 'ulimit -f "$1"; shift; exec "$@"';
  return runChild('/bin/sh', ['-c', script, 'sh', String(blocks), process.execPath, program, task, path]);
}

function runChild(command: string, args: readonly string[]): Child {
  // What measures coverage writes a file at the end, which a limit on files would cut.
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(([code, signal]: (number | string)[]) => code ?? signal!);
  return { process: child, lines: createInterface({ input: child.stdout }), ended };
}
