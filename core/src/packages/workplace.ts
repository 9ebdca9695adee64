import { readFile } from 'node:fs/promises';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { parseConfigDocument } from '../config/document.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { PluginEntry } from '../config/schema.ts';

/** What a change of the plugins is made on. */
export interface Workplace {
  readonly loaded: LoadedConfig;
  /** The configuration file that is changed. */
  readonly file: string;
  readonly dataDir: string;
  /** Ends what is under way; what was done is undone then. */
  readonly signal?: AbortSignal | undefined;
}

/** @throws not_found */
export function entryOf({ loaded }: Workplace, id: string): PluginEntry {
  const { plugins } = loaded.config;
  const entry = Object.hasOwn(plugins, id) ? plugins[id] : undefined;
  if (!entry) throw new SoulboxError('not_found', `no plugin ${id.slice(0, 100)} is configured`);
  return entry;
}

/** Whether a plugin comes from a file that the changed one extends, so that taking its entry out would not be enough. */
export async function isInherited({ loaded, file }: Workplace, id: string): Promise<boolean> {
  for (const other of loaded.files) {
    if (other === file) continue;
    const { plugins } = parseConfigDocument(other, await readFile(other, 'utf8')).value;
    if (Object.hasOwn(plugins ?? {}, id)) return true;
  }
  return false;
}
