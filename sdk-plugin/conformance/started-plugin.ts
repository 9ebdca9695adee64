import assert from 'node:assert/strict';
import type { TestHost } from '../testing/test-host.ts';
import { withResource } from './with-resource.ts';

/** A plugin that is tried as a whole. */
export interface StartedPlugin {
  /** Starts a host with the plugin: `() => way.start({})`. */
  readonly start: () => Promise<{ readonly host: TestHost; readonly dispose: () => Promise<void> }>;
  /** The instance that is tried: `way.id`. */
  readonly plugin: string;
}

/** Makes a test function that gets a host in which the plugin is up. */
export function withPlugin(
  { start, plugin }: StartedPlugin,
  body: (host: TestHost) => Promise<void>,
): () => Promise<void> {
  return withResource(start, async ({ host }) => {
    const record = host.host.plugins.find(({ id }) => id === plugin);
    assert.equal(record?.state, 'active', `plugin ${plugin}: ${record?.error?.message ?? record?.reason}`);
    await body(host);
  });
}
