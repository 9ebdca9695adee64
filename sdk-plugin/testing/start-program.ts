import { spawn } from 'node:child_process';

/** A server that runs for a test. */
export interface TestProgram extends AsyncDisposable {
  readonly pid: number;
  signal(signal: NodeJS.Signals): void;
  /** Ends it at once, also one that was stopped by a signal, and resolves when it is gone. A repeat is harmless. */
  stop(): Promise<void>;
}

/**
 * Starts a program and waits until it prints what `ready` says. It ends with this process at the latest.
 * @throws Error with everything it printed when it ends before, or cannot be started
 */
export async function startProgram(
  [file = '', ...args]: readonly string[],
  { ready }: { readonly ready: RegExp },
): Promise<TestProgram> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void ended.then(() => process.removeListener('exit', kill));
  await new Promise<void>((resolve, reject) => {
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        printed += data.toString('utf8');
        if (ready.test(printed)) resolve();
      });
    child.once('error', reject);
    void ended.then(() => reject(new Error(`${file} ended before it was ready:\n${printed}`)));
  });
  const stop = async () => {
    kill();
    await ended;
  };
  return {
    pid: child.pid!,
    signal: (signal) => void child.kill(signal),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
