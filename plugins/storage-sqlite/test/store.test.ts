import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Store } from '@soulbox/plugin-sdk';
import { bothWays, storeSuite, type PluginWay, type StoreFixture } from '@soulbox/plugin-sdk/conformance';

/** Stores of hosts that have one data folder. */
async function storesIn(way: PluginWay): Promise<StoreFixture> {
  const dataDir = await mkdtemp(join(tmpdir(), 'soulbox-sqlite-'));
  const started: { dispose(): Promise<void> }[] = [];
  const share = async () => {
    const one = await way.start({ store: Store }, { config: { host: { dataDir } } });
    started.push(one);
    return one.store;
  };
  const stopAll = () => Promise.all(started.splice(0).map((one) => one.dispose()));
  return {
    store: await share(),
    share,
    reopen: async () => {
      await stopAll();
      return share();
    },
    dispose: async () => {
      await stopAll();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

bothWays(new URL('../..', import.meta.url), (way) => {
  storeSuite({ name: 'storage-sqlite', create: () => storesIn(way) });
});
