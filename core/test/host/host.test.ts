import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AuthProvider, definePlugin, SandboxDriver, Store, Transport, type Plugin } from '@soulbox/plugin-sdk';
import { MemoryStore, ScriptedDriver, scriptedSandbox } from '@soulbox/plugin-sdk/testing';
import { configFrom } from '../../src/config/load.ts';
import { Host } from '../../src/host.ts';
import type { InlinePlugin } from '../../src/plugins/source.ts';
import { gate, storePlugin } from '../support/scripted-host.ts';

let dataDir: string;
before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'soulbox-host-'));
});
after(() => rm(dataDir, { recursive: true, force: true }));

function makeHost(plugins: Readonly<Record<string, InlinePlugin>>, listen = true, settings: object = {}): Host {
  const config = configFrom({ host: { dataDir, logLevel: 'silent', ...settings } });
  return new Host({ config, plugins, listen });
}

const usual = (): Record<string, InlinePlugin> => ({
  store: { plugin: storePlugin(new MemoryStore()) },
  sandbox: { plugin: scriptedSandbox() },
});

/** A plugin that keeps a diary of its coming and going. */
function diarist(id: string, diary: string[], setup: () => void | Promise<void> = () => undefined): Plugin {
  return definePlugin({
    id,
    async setup() {
      diary.push(`${id} up`);
      await setup();
      return () => void diary.push(`${id} down`);
    },
  });
}

function otherDriver(): Plugin {
  return definePlugin({
    id: 'other',
    provides: [SandboxDriver],
    setup: (context) => context.provide(SandboxDriver, new ScriptedDriver(), 'second'),
  });
}

function transport(id: string, diary: string[], parts: Partial<Transport> = {}): Plugin {
  return definePlugin({
    id,
    provides: [Transport],
    setup(context) {
      const given: Transport = {
        listen: async () => {
          diary.push(`${id} listens`);
          return { url: `test://${id}` };
        },
        close: async () => void diary.push(`${id} closes`),
        ...parts,
      };
      context.provide(Transport, given, id);
    },
  });
}

describe('a host', () => {
  it('goes from created to ready to stopped, once', async () => {
    const host = makeHost(usual());
    const states = [host.state];
    assert.deepEqual(host.plugins, []);
    const starting = host.start();
    states.push(host.state);
    assert.equal(host.start(), starting, 'a second start is the first');
    await starting;
    states.push(host.state);
    const stopping = host.stop();
    assert.equal(host.stop(), stopping, 'a second stop is the first');
    await stopping;
    states.push(host.state);
    assert.deepEqual(states, ['created', 'starting', 'ready', 'stopped']);
    await host.stop();
  });

  it('that never started has nothing to stop', async () => {
    const host = makeHost(usual());
    await host.stop();
    assert.equal(host.state, 'created');
  });

  it('stopped while it starts comes up and goes down again in order', async () => {
    const diary: string[] = [];
    const held = gate();
    const host = makeHost({ ...usual(), slow: { plugin: diarist('slow', diary, () => held.passed) } });
    const starting = host.start();
    const stopping = host.stop('changed my mind');
    held.open();
    await Promise.all([starting, stopping]);
    assert.equal(host.state, 'stopped');
    assert.deepEqual(diary, ['slow up', 'slow down']);
  });

  it('does not start without a store, and leaves nothing running', async () => {
    const diary: string[] = [];
    const plugins = { other: { plugin: diarist('other', diary) }, wire: { plugin: transport('wire', diary) } };
    const host = makeHost(plugins);
    await assert.rejects(host.start(), { code: 'capability_missing', message: /provides a store/ });
    assert.equal(host.state, 'stopped');
    assert.deepEqual(diary, ['other up', 'wire closes', 'other down']);
    await host.stop();
  });

  it('does not start without a plugin that is required, and names it', async () => {
    const diary: string[] = [];
    const broken = diarist('broken', diary, () => Promise.reject(new Error('no such luck')));
    const host = makeHost({
      ...usual(),
      other: { plugin: diarist('other', diary) },
      broken: { plugin: broken, required: true },
    });
    await assert.rejects(host.start(), { code: 'plugin_failed', message: /broken .* is required: no such luck/ });
    assert.equal(host.state, 'stopped');
    assert.deepEqual(diary.toSorted(), ['broken up', 'other down', 'other up']);
  });

  it('starts without a plugin that fails and is not required', async () => {
    const broken = diarist('broken', [], () => Promise.reject(new Error('no such luck')));
    const host = makeHost({ ...usual(), broken: { plugin: broken } });
    await host.start();
    assert.equal(host.plugins.find(({ id }) => id === 'broken')?.state, 'failed');
    await host.stop();
  });

  it('listens when all is up, tells the addresses, and closes before plugins go', async () => {
    const diary: string[] = [];
    const watcher = definePlugin({
      id: 'watcher',
      setup(context) {
        context.hooks.tap('host.ready', ({ addresses }) => void diary.push(`ready ${addresses.join()}`));
        context.hooks.tap('host.stopped', ({ reason }) => void diary.push(`stopped ${reason}`));
        return () => void diary.push('watcher down');
      },
    });
    const host = makeHost({
      ...usual(),
      one: { plugin: transport('one', diary) },
      two: { plugin: transport('two', diary) },
      watcher: { plugin: watcher },
    });
    await host.start();
    assert.deepEqual(host.addresses, ['test://one', 'test://two']);
    await host.stop('enough');
    assert.deepEqual(diary, [
      'one listens',
      'two listens',
      'ready test://one,test://two',
      'one closes',
      'two closes',
      'stopped enough',
      'watcher down',
    ]);
  });

  it('closes every transport when one cannot listen, also the one that was still binding', async () => {
    const diary: string[] = [];
    const binding = gate();
    const busy = { listen: () => Promise.reject(new Error('address in use')) };
    const slow = {
      listen: async () => {
        await binding.passed;
        diary.push('slow listens');
        return { url: 'test://slow' };
      },
    };
    const host = makeHost({
      ...usual(),
      busy: { plugin: transport('busy', diary, busy) },
      slow: { plugin: transport('slow', diary, slow) },
    });
    const starting = assert.rejects(host.start(), /address in use/);
    await new Promise((resolve) => setTimeout(resolve, 20));
    binding.open();
    await starting;
    assert.deepEqual(diary, ['slow listens', 'busy closes', 'slow closes']);
    assert.deepEqual(host.addresses, []);
  });

  it('goes down past transports that throw or hang, and past a store that fails', async () => {
    class Forgetful extends MemoryStore {
      gone = false;
      override commit(changes: Parameters<MemoryStore['commit']>[0]): Promise<readonly number[]> {
        return this.gone ? Promise.reject(new Error('gone')) : super.commit(changes);
      }
    }
    const diary: string[] = [];
    const store = new Forgetful();
    const throwing = {
      close: () => {
        throw new Error('no');
      },
    };
    const hanging = { close: () => new Promise<void>(() => {}) };
    const host = makeHost(
      {
        ...usual(),
        store: { plugin: storePlugin(store) },
        throwing: { plugin: transport('throwing', [], throwing) },
        hanging: { plugin: transport('hanging', [], hanging) },
        other: { plugin: diarist('other', diary) },
      },
      true,
      { pluginStopMs: 20 },
    );
    await host.start();
    store.gone = true;
    await host.stop();
    assert.equal(host.state, 'stopped');
    assert.deepEqual(diary, ['other up', 'other down']);
  });

  it('shows the first credentials once, and makes none where nobody can call', async () => {
    let made = 0;
    const auth = definePlugin({
      id: 'auth',
      provides: [AuthProvider],
      setup(context) {
        const provider: AuthProvider = {
          describe: async () => ({ schemes: ['bearer'] }),
          verify: async () => undefined,
          bootstrap: async () => (made++ === 0 ? { label: 'admin key', secret: 's3cret' } : undefined),
        };
        context.provide(AuthProvider, provider, 'auth');
        const silent: AuthProvider = { describe: async () => ({ schemes: [] }), verify: async () => undefined };
        context.provide(AuthProvider, silent, 'silent');
      },
    });
    const deaf = makeHost({ ...usual(), auth: { plugin: auth } }, false);
    await deaf.start();
    assert.deepEqual([deaf.notices, made], [[], 0]);
    await deaf.stop();
    const first = makeHost({ ...usual(), auth: { plugin: auth } });
    await first.start();
    assert.deepEqual(first.notices, [{ label: 'admin key', secret: 's3cret' }]);
    await first.stop();
    const second = makeHost({ ...usual(), auth: { plugin: auth } });
    await second.start();
    assert.deepEqual(second.notices, []);
    await second.stop();
  });

  it('keeps its data in a folder that only its owner may enter', async () => {
    const folder = join(dataDir, 'own');
    const host = makeHost(usual(), true, { dataDir: folder });
    await host.start();
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    await host.stop();
  });

  it('finds its driver and has a box ready before anyone asks', async () => {
    const host = makeHost(usual());
    await host.start();
    const chosen = await host.warm();
    assert.equal(chosen.name, 'scripted');
    assert.equal((await chosen.driver.list()).length, 1);
    await host.stop();
    assert.deepEqual(await chosen.driver.list(), []);
  });

  it('runs in the boxes of the next driver when the plugin of the first is taken out of service', async () => {
    const host = makeHost({ ...usual(), other: { plugin: otherDriver() } });
    await host.start();
    const first = await host.warm();
    assert.equal(first.name, 'scripted');
    await host.quarantine('sandbox', new Error('it threw out of a timer'));
    assert.equal(host.plugins.find(({ id }) => id === 'sandbox')?.state, 'failed');
    const second = await host.warm();
    assert.equal(second.name, 'second');
    assert.equal((await second.driver.list()).length, 1);
    await host.stop();
    assert.deepEqual([await first.driver.list(), await second.driver.list()], [[], []]);
  });

  it('has nothing to take out of service before it starts', async () => {
    await makeHost({}).quarantine('nobody', new Error('x'));
  });

  it('hands plugins no store that is not there', async () => {
    const needy = definePlugin({ id: 'needy', requires: { store: Store }, setup: () => undefined });
    const host = makeHost({ needy: { plugin: needy } });
    await assert.rejects(host.start(), { code: 'capability_missing' });
    assert.equal(host.plugins[0]?.state, 'failed');
  });
});
