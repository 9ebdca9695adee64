import { homedir } from 'node:os';
import { join } from 'node:path';
import { probeText } from './probe.ts';

/** Where a language keeps what it makes once on a machine: as configured, else a folder of its name in the user's cache. */
export function cacheFolder(name: string, configured?: string): string {
  return configured ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'soulbox', name);
}

/**
 * Makes a folder that boxes can read, which have uids of their own, whatever the operator's files are for.
 * @throws ToolchainUnusable where it cannot be made
 */
export async function makeSharedFolder(path: string): Promise<void> {
  // By a program, for a plugin in a process of its own may not write.
  await probeText('/bin/sh', ['-c', 'umask 022 && mkdir -p "$1"', 'sh', path]);
}
