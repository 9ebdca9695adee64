import { fileURLToPath } from 'node:url';
import type { AnyToken, Isolation, Plugin } from '@soulbox/plugin-sdk';
import { createTestHost } from '../../testing/test-host.ts';
import type { Subject } from './part.ts';

/** What a plugin turned out to be and do in a running host. */
export interface Discovery {
  readonly state: string;
  readonly reason: string | null;
  /** Hooks that it taps. */
  readonly taps: readonly string[];
  readonly operations: readonly string[];
  /** Tokens under which it offers something. */
  readonly provides: readonly AnyToken[];
}

/** Starts the plugin once and looks at it. @throws what the host throws that cannot do without the plugin */
export async function discover(plugin: Plugin, isolation: Isolation, subject: Subject): Promise<Discovery> {
  const { id, provides = [] } = plugin.definition;
  const { folder, settings, companions } = subject;
  await using running = await createTestHost({
    plugins: {
      ...companionPlugins(companions),
      [id]: { folder: fileURLToPath(folder), isolation, config: settings },
    },
    without: provides.map((token) => token.id),
  });
  const { host, api } = running;
  const record = host.plugins.find((each) => each.id === id);
  const operations = (await api.operations()).filter((operation) => operation.plugin === id);
  const owns = (token: AnyToken) =>
    token.kind === 'one'
      ? host.services.owner(token) === id
      : [...host.services.all(token).keys()].some((name) => host.services.owner(token, name) === id);
  return {
    state: record?.state ?? 'missing',
    reason: record?.error ? `${record.error.code}: ${record.error.message}` : (record?.reason ?? null),
    taps: [...new Set(host.hooks.metrics(id).map(({ hook }) => hook))],
    operations: operations.map(({ name }) => name),
    provides: provides.filter(owns),
  };
}

/** The plugins that stand beside the one that is tried. */
export function companionPlugins(companions: Subject['companions']): Record<string, { readonly folder: string }> {
  return Object.fromEntries(Object.entries(companions).map(([id, folder]) => [id, { folder }]));
}
