import type { RemoteClient } from './transport.ts';

/** Where a command reads and writes. */
export interface CommandTerminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** What a command of a plugin gets. */
export interface PluginCommandContext {
  readonly terminal: CommandTerminal;
  /** Whether the caller wants data instead of text for people: `--json`. */
  readonly json: boolean;
  /**
   * The host that `--url`, `--key` or their variables name, otherwise one that is booted in this process and listens
   * nowhere. A repeated call gives the same client, which is closed when the command has ended.
   * @throws SoulboxError
   */
  connect(): Promise<RemoteClient>;
}

/**
 * A command for the command line: what the module that a manifest names under `soulbox.commands` exports by default. It
 * runs in the process of the command line, with the rights of whoever calls it.
 */
export interface PluginCommand {
  /** For people: `soulbox redact FILE [--strict]`. */
  readonly usage: string;
  /**
   * `args` are without the options of every command. Resolves with the exit code, from 0 to 255.
   * @throws UsageError for a mistake in the call; SoulboxError for what a host refuses, and what else has a code.
   */
  run(args: readonly string[], context: PluginCommandContext): Promise<number>;
}
