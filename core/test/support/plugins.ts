import type { Plugin } from '@soulbox/plugin-sdk';
import type { TestHost } from '@soulbox/plugin-sdk/testing';

type Definition = Plugin['definition'];

/** A plugin without the checks of `definePlugin`, as one without types may be. */
export function plugin(id: string, setup: Definition['setup'], more: Partial<Definition> = {}): Plugin {
  return { $soulbox: 1, definition: { id, setup, ...more } };
}

export type Listed = TestHost['host']['plugins'][number];

/** What became of a plugin in a host. */
export function recordOf(host: TestHost, id: string): Listed {
  const found = host.host.plugins.find((record) => record.id === id);
  if (!found) throw new Error(`no plugin ${id}`);
  return found;
}

/** The states of plugins, by their ids. */
export function states(host: TestHost, ...ids: readonly string[]): readonly string[] {
  return ids.map((id) => recordOf(host, id).state);
}
