import assert from 'node:assert/strict';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from '@soulbox/plugin-sdk';

/** The part of a package on disk that leads to its plugin. */
export interface PluginPackage {
  readonly folder: string;
  readonly packageJson: { readonly exports: Readonly<Record<string, unknown>> };
}

/** The files that an entry of `exports` names, by whatever condition. */
export function targets(entry: unknown): string[] {
  if (typeof entry === 'string') return [entry];
  return typeof entry === 'object' && entry !== null ? Object.values(entry).flatMap(targets) : [];
}

/** Runs the package's code and gives what it exports by default. @throws AssertionError where that is no plugin. */
export async function defaultExport({ folder, packageJson }: PluginPackage): Promise<Plugin> {
  const file = targets(packageJson.exports['.']).findLast((target) => !target.endsWith('.d.ts'));
  assert.ok(file, 'exports: "." names no module');
  const { default: plugin } = (await import(pathToFileURL(join(folder, file)).href)) as { default?: Plugin };
  assert.equal(plugin?.$soulbox, 1, 'the default export is not a plugin: use definePlugin');
  return plugin;
}
