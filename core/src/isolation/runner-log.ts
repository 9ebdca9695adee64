import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { levels, type Logger } from 'pino';
import { LineAllowance } from './line-allowance.ts';

function parsed(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { msg: line };
  }
}

/** What an isolated plugin says, in the host's log: as much of it as anyone can read. */
export class RunnerLog {
  private readonly log: Logger;
  private readonly allowance = new LineAllowance();

  constructor(log: Logger, child: ChildProcess) {
    this.log = log;
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = child[name];
      // Read to its end in any case: a full pipe would stop the plugin.
      if (stream) createInterface({ input: stream }).on('line', (line) => this.write('debug', { [name]: line }));
    }
  }

  private write(level: string, entry: Record<string, unknown>, message?: string): void {
    if (!this.allowance.take()) return;
    const omitted = this.allowance.omitted();
    if (omitted > 0) this.log.warn({ omitted }, 'lines of the log were left out');
    const method = this.log[level as 'info'];
    method.call(this.log, entry, message);
  }

  /** A line that the plugin's own logger made. */
  forwarded(line: string): void {
    const { level, msg, ...entry } = parsed(line);
    const label = levels.labels[Number(level)] ?? 'info';
    this.write(label, entry, typeof msg === 'string' ? msg : undefined);
  }

  /** The error that ends its process. */
  fatal(message: string, stack: string): void {
    this.write('error', { stack }, message);
  }
}
