import { createInterface } from 'node:readline/promises';
import { UsageError } from './command.ts';
import { write, type Terminal } from './terminal.ts';

/**
 * Asks whoever sits at the terminal; no answer, or a `signal` before it, is a no. Where nobody does, only `agreed`
 * beforehand counts.
 * @throws UsageError where nobody can be asked and nobody agreed.
 */
export async function confirm(
  question: string,
  agreed: boolean,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<boolean> {
  if (agreed) return true;
  if (terminal.stdin.isTTY !== true)
    throw new UsageError('nobody is there to be asked: say --yes to agree to what is shown above');
  await write(terminal.stderr, `${question} [y/N] `);
  const lines = createInterface({ input: terminal.stdin, terminal: false, ...(signal ? { signal } : {}) });
  try {
    for await (const line of lines) return /^y(es)?$/i.test(line.trim());
    return false;
  } finally {
    lines.close();
  }
}
