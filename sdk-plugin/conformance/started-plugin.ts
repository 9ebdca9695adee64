import assert from 'node:assert/strict';
import { after, before } from 'node:test';
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
    assertActive(host, plugin);
    await body(host);
  });
}

/**
 * As {@link withPlugin}, with one host for all tests of the suite that is being described: for those that leave it as it was.
 * A host that does not start fails each of them.
 */
export function sharingPlugin({
  start,
  plugin,
}: StartedPlugin): (body: (host: TestHost) => Promise<void>) => () => Promise<void> {
  let started: Awaited<ReturnType<typeof start>>;
  before(async () => {
    started = await start();
  });
  after(() => started?.dispose());
  return (body) => async () => {
    assertActive(started.host, plugin);
    await body(started.host);
  };
}

function assertActive(host: TestHost, plugin: string): void {
  const record = host.host.plugins.find(({ id }) => id === plugin);
  assert.equal(record?.state, 'active', `plugin ${plugin}: ${record?.error?.message ?? record?.reason}`);
}
