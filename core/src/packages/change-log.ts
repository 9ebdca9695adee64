import { appendFile, mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Permissions } from '@soulbox/plugin-sdk';

/** One change of the plugins that somebody made by the command line. */
export interface PluginChange {
  readonly action: 'add' | 'update' | 'remove';
  readonly id: string;
  readonly package: string;
  /** Versions; `null` where there was none, or none any more. */
  readonly from: string | null;
  readonly to: string | null;
  /** `null` for a package that is used as it lies there. */
  readonly integrity: string | null;
  /** What was granted; `null` for one that was removed. */
  readonly permissions: Permissions | null;
}

function whoever(): string {
  try {
    return userInfo().username;
  } catch {
    // A uid that no account has, as in a container.
    return String(process.getuid?.());
  }
}

/** Adds a line to `plugin-changes.jsonl` in the data folder, which nothing ever takes away again. */
export async function recordChange(dataDir: string, change: PluginChange): Promise<void> {
  const line = { time: new Date().toISOString(), user: whoever(), ...change };
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await appendFile(join(dataDir, 'plugin-changes.jsonl'), `${JSON.stringify(line)}\n`, { mode: 0o600 });
}
