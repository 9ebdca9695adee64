import { join } from 'node:path';
import { describe } from 'node:test';
import type { Principal, StreamItem } from '@soulbox/plugin-sdk';
import { createTestHost, testPrincipal } from '@soulbox/plugin-sdk/testing';
import { noEngine } from './docker/engine.ts';
import { languageImage, startEngine } from './docker/host.ts';
import { python } from './python.ts';
import { root } from './soulbox.ts';

type Given = Readonly<Record<string, unknown>>;

export const otherTenant: Principal = { ...testPrincipal, id: 'other', tenant: 'elsewhere' };

export type LiveDriver = 'linux' | 'docker';

/** The same table for each driver whose sandboxes can stay. */
export function overDrivers(name: string, define: (driver: LiveDriver) => void): void {
  describe(`${name} (linux)`, () => define('linux'));
  describe(`${name} (docker)`, { skip: noEngine }, () => define('docker'));
}

/** The one driver of a host: of this kernel, or of an engine of its own with an image of this machine's programs. */
async function startDriver(driver: LiveDriver, uidBase: number) {
  if (driver === 'linux') return { name: 'sandbox-linux', config: { uidBase, uidBlocks: 16 }, image: {} };
  const engine = await startEngine();
  return {
    name: 'sandbox-docker',
    config: { host: engine.host, image: languageImage, boxes: 'inner' },
    image: { image: languageImage },
    engine,
  };
}

/** A host in this process with real sandboxes that stay, and the plugins that work in them. */
export async function startLiveHost({
  driver = 'linux',
  uidBase,
  config = {},
  previews = {},
  networks = {},
  snapshots = {},
}: {
  readonly driver?: LiveDriver;
  readonly uidBase: number;
  readonly config?: Given;
  /** Of the plugins of those names. */
  readonly previews?: Given;
  readonly networks?: Given;
  readonly snapshots?: Given;
}) {
  const folder = (id: string) => join(root, 'plugins', id);
  const { name, config: driverConfig, image, engine } = await startDriver(driver, uidBase);
  const host = await createTestHost({
    config: { sandbox: { ready: 0 }, ...config },
    plugins: {
      [name]: { folder: folder(name), config: driverConfig },
      'live-files': {
        folder: folder('live-files'),
        config: {
          readBytes: 100_000,
          entries: 50,
          uploads: 2,
          uploadIdleMs: 3_000,
          unpackedEntries: 20,
          unpackedBytes: 2_000_000,
        },
      },
      'language-python': { folder: folder('language-python'), config: { command: python, ...image } },
      'language-javascript': { folder: folder('language-javascript'), config: image },
      'language-typescript': { folder: folder('language-typescript'), config: image },
      'live-contexts': {
        folder: folder('live-contexts'),
        config: {
          contexts: 6,
          waiting: 2,
          collectedBytes: 100_000,
          resultBytes: 200_000,
          resultsBytes: 300_000,
          graceMs: 500,
        },
      },
      'live-snapshots': {
        folder: folder('live-snapshots'),
        config: { snapshots: 4, snapshotBytes: 2_000_000, imports: 2, importIdleMs: 300, ...snapshots },
      },
      'live-networks': { folder: folder('live-networks'), config: networks },
      'live-previews': {
        folder: folder('live-previews'),
        config: { port: 0, previews: 4, previewConnections: 4, ...previews },
      },
      'live-processes': { folder: folder('live-processes'), config: { mostCollectedBytes: 2_000_000 } },
    },
  });
  const as = (principal: Principal | undefined) => (principal ? { principal } : {});
  return {
    host,
    call: async <T = Record<string, unknown>>(operation: string, params: Given, principal?: Principal): Promise<T> =>
      (await host.call(operation, params, as(principal))) as T,
    stream: (operation: string, params: Given, signal?: AbortSignal): AsyncIterable<StreamItem> =>
      host.stream(operation, params, signal ? { signal } : {}),
    create: async (params: Given = {}): Promise<string> =>
      ((await host.call('sandboxes.create', { languages: [], ...params })) as { id: string }).id,
    /** Takes away every sandbox, which would otherwise stay. */
    [Symbol.asyncDispose]: async () => {
      const { sandboxes } = (await host.call('sandboxes.list', { limit: 1_000 })) as {
        sandboxes: { id: string; state: string }[];
      };
      for (const { id, state } of sandboxes)
        if (state !== 'ended' && state !== 'lost') await host.call('sandboxes.delete', { id });
      await host.stop();
      await engine?.stop();
    },
  };
}
export type LiveHost = Awaited<ReturnType<typeof startLiveHost>>;

/** The events of a stream, and what it ended with. */
export async function follow(items: AsyncIterable<StreamItem>) {
  const events: Record<string, unknown>[] = [];
  let result: Record<string, unknown> = {};
  for await (const item of items) {
    if ('event' in item) events.push(item.event as Record<string, unknown>);
    else result = item.result as Record<string, unknown>;
  }
  return { events, result };
}
