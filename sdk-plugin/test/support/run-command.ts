import { main } from '../../bin/main.ts';

export interface CommandRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `soulbox-plugin` in this process. */
export async function runCommand(...args: readonly string[]): Promise<CommandRun> {
  const written = { stdout: '', stderr: '' };
  const to = (name: keyof typeof written) => ({ write: (text: string) => void (written[name] += text) });
  const code = await main(args, { stdout: to('stdout'), stderr: to('stderr') });
  return { code, ...written };
}
