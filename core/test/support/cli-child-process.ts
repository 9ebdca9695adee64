import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command line in a process of its own, for what concerns the process: signals, exit codes, uncaught errors. */
export interface CliProcess {
  readonly child: ChildProcess;
  /** Everything it printed on standard output so far. */
  output(): string;
  errors(): string;
  /** Resolves when its output matches. @throws with its output when it ends before. */
  prints(pattern: RegExp): Promise<void>;
  /** Its exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>;
}

export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): CliProcess {
  const program = fileURLToPath(new URL('./cli-child.js', import.meta.url));
  const child = spawn(process.execPath, ['--enable-source-maps', program, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  const prints = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => pattern.test(out) && resolve();
      child.stdout.on('data', look);
      void exited.then(() => reject(new Error(`it ended without printing ${pattern}:\n${out}\n${err}`)));
      look();
    });
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  return { child, output: () => out, errors: () => err, prints, exited };
}
