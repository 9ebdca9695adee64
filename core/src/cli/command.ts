import type { Terminal } from './terminal.ts';

export { parseArguments as parse, parseDuration as duration, parseSize as size, UsageError } from '@soulbox/plugin-sdk';

/** What every command gets. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** The configuration that files extend. */
  readonly defaultConfig: string | undefined;
}

export interface Command {
  readonly usage: string;
  readonly summary: string;
  /** Returns the exit code. */
  run(args: readonly string[], context: CommandContext): Promise<number>;
}
