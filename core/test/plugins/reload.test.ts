import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  LanguageRuntime,
  SandboxDriver,
  SoulboxError,
  Store,
  token,
  tokens,
  Transport,
  type ExecutionResult,
} from '@soulbox/plugin-sdk';
import {
  createTestHost,
  MemoryStore,
  ScriptedDriver,
  scriptedSandbox,
  type TestHost,
} from '@soulbox/plugin-sdk/testing';
import { failure } from '../support/expect.ts';
import { plugin, recordOf, states } from '../support/plugins.ts';
import { configFrom, loadConfig } from '../../src/config/load.ts';
import { Host } from '../../src/host.ts';
import type { PluginHost } from '../../src/plugins/plugin-host.ts';
import { embeddedPlugins } from '../../src/plugins/source.ts';
import { recordingLog } from '../support/log.ts';
import { writePackage, pluginCode } from '../support/plugin-package.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const Base = token<{ readonly run: number }>('base', '1.0.0');
const Tool = tokens<{ use(): Promise<number> }>('tool', '1.0.0');
const reload = (host: TestHost, id: string) =>
  host.call('plugins.reload', { id }) as Promise<{ code: string; reloaded: string[]; version: string | null }>;
const run = (host: TestHost, code = 'out hello') =>
  host.call('executions.create', { language: 'script', code }) as Promise<ExecutionResult>;

describe('a reload of a plugin that may overlap', () => {
  it('sets up a new instance, takes the place of the old one at once, and gives that up afterwards', async () => {
    const events: string[] = [];
    let runs = 0;
    const it = plugin(
      'it',
      (context) => {
        const own = (runs += 1);
        events.push(`up ${own}`);
        context.provide(Tool, { use: async () => own }, 'tool');
        context.hooks.tap('execution.veto', () => (own === 2 ? { reason: 'the second' } : undefined));
        return () => void events.push(`down ${own}`);
      },
      { provides: [Tool] },
    );
    await using host = await createTestHost({ plugins: { it: { plugin: it } } });
    assert.equal((await run(host)).verdict, 'ok');
    const answer = await reload(host, 'it');
    assert.deepEqual([answer.code, answer.reloaded], ['kept', ['it']]);
    assert.equal(await host.service(Tool, 'tool')?.use(), 2);
    await assert.rejects(run(host), failure('execution_vetoed', /the second/));
    await host.stop();
    assert.deepEqual(events, ['up 1', 'up 2', 'down 1', 'down 2']);
  });

  it('the old instance lives until the work that began before has ended', async () => {
    const stopped: number[] = [];
    let runs = 0;
    const it = plugin('it', () => {
      const own = (runs += 1);
      return () => void stopped.push(own);
    });
    await using host = await createTestHost({ plugins: { it: { plugin: it } } });
    const abort = new AbortController();
    const slow = host.call('executions.create', { language: 'script', code: 'sleep 60000' }, { signal: abort.signal });
    slow.catch(() => undefined);
    while (((await host.call('host.info')) as { executions: { running: number } }).executions.running === 0)
      await turn();
    await reload(host, 'it');
    await reload(host, 'it');
    await run(host);
    for (let n = 0; n < 20; n += 1) await turn();
    assert.deepEqual(stopped, [], 'both old ones are kept');
    abort.abort();
    await slow.catch(() => undefined);
    while (stopped.length < 2) await turn();
    assert.deepEqual(stopped, [1, 2]);
  });

  it('those that use what it provides come along, in order, with its new services', async () => {
    let runs = 0;
    const seen: string[] = [];
    const base = plugin('base', (context) => context.provide(Base, { run: (runs += 1) }), { provides: [Base] });
    const user = plugin(
      'user',
      (_, { base: used }: { base: { run: number } } & Record<string, never>) => void seen.push(`user ${used.run}`),
      { requires: { base: Base } },
    );
    await using host = await createTestHost({ plugins: { user: { plugin: user }, base: { plugin: base } } });
    assert.deepEqual((await reload(host, 'base')).reloaded, ['base', 'user']);
    assert.deepEqual((await reload(host, 'user')).reloaded, ['user']);
    assert.deepEqual(seen, ['user 1', 'user 2', 'user 2']);
  });

  it('a new instance that fails leaves everything as it was', async () => {
    let wrong: string | undefined;
    const stopped: string[] = [];
    const it = plugin(
      'it',
      (context) => {
        const failing = wrong;
        context.provide(Tool, { use: async () => 1 }, failing === 'conflict' ? 'taken' : 'tool');
        context.hooks.tap('execution.veto', () => ({ reason: 'guarded' }));
        if (failing === 'throws') throw new Error('cannot');
        if (failing === 'skips') context.skip('not any more');
        return () => void stopped.push(failing ?? 'good');
      },
      { provides: [Tool] },
    );
    const other = plugin('other', (context) => context.provide(Tool, { use: async () => 9 }, 'taken'), {
      provides: [Tool],
    });
    await using host = await createTestHost({ plugins: { it: { plugin: it }, other: { plugin: other } } });
    for (const [what, said] of [
      ['throws', /cannot|internal/],
      ['skips', /not any more|internal/],
      ['conflict', /is provided by plugin other and by plugin it/],
    ] as const) {
      wrong = what;
      await assert.rejects(reload(host, 'it'), said);
      assert.equal(recordOf(host, 'it').state, 'active');
      await assert.rejects(run(host), failure('execution_vetoed', /guarded/));
      assert.equal(await host.service(Tool, 'tool')?.use(), 1);
    }
    assert.deepEqual(stopped, ['conflict'], 'what was acquired for the new one was given back');
  });

  it('a hook that it defines keeps the taps of others', async () => {
    const definition = { kind: 'series', timeoutMs: 100, onError: 'isolate', description: 'Said.' } as const;
    const owner = plugin('owner', ({ hooks }) => void hooks.define('owner.said', definition));
    let heard = 0;
    const listener = plugin(
      'listener',
      ({ hooks }) => void hooks.tap('owner.said' as never, (() => void (heard += 1)) as never),
    );
    await using host = await createTestHost({ plugins: { owner: { plugin: owner }, listener: { plugin: listener } } });
    const say = () =>
      (host.host.hooks.call as unknown as (hook: string, arg: unknown) => Promise<void>).call(
        host.host.hooks,
        'owner.said',
        {},
      );
    await say();
    await reload(host, 'owner');
    await say();
    assert.equal(heard, 2);
  });
});

describe('a reload of a sandbox driver', () => {
  it('lets programs end in their boxes, takes those away, and runs the next ones in boxes of the new one', async () => {
    const drivers: ScriptedDriver[] = [];
    const driver = plugin(
      'scripted-sandbox',
      (context) => {
        const own = new ScriptedDriver();
        drivers.push(own);
        return scriptedSandbox(own).definition.setup(context, {} as never);
      },
      { provides: [SandboxDriver, LanguageRuntime] },
    );
    await using host = await createTestHost({ plugins: { 'scripted-sandbox': { plugin: driver } } });
    const slow = run(host, 'sleep 100');
    while (((await host.call('host.info')) as { executions: { running: number } }).executions.running === 0)
      await turn();
    await reload(host, 'scripted-sandbox');
    assert.equal((await slow).verdict, 'ok');
    while ((await drivers[0]!.list()).length > 0) await turn();
    assert.equal((await run(host)).verdict, 'ok');
    assert.equal(drivers.length, 2);
    assert.ok((await drivers[1]!.list()).length > 0);
  });
});

describe('a reload of a plugin that must be alone', () => {
  it('ends the old one first, while the store is not asked, and what runs settles on the new one', async () => {
    const store = new MemoryStore();
    let open = 0;
    const alone = plugin(
      'alone',
      (context) => {
        assert.equal(open, 0, 'two at one time');
        open += 1;
        context.provide(Store, store);
        return async () => {
          await turn();
          open -= 1;
        };
      },
      { provides: [Store], reload: 'exclusive' },
    );
    await using host = await createTestHost({ plugins: { alone: { plugin: alone } } });
    const running = Array.from({ length: 20 }, async (_, n) => run(host, `sleep ${n * 5}`));
    await reload(host, 'alone');
    await reload(host, 'alone');
    const verdicts = (await Promise.all(running)).map(({ verdict }) => verdict);
    assert.deepEqual(new Set(verdicts), new Set(['ok']));
    assert.equal(states(host, 'alone')[0], 'active');
  });

  it('a transport is closed and listens again', async () => {
    const events: string[] = [];
    let port = 0;
    const alone = plugin(
      'alone',
      (context) => {
        const own = (port += 1);
        const transport: Transport = {
          listen: async () => ({ url: `x://${own}` }),
          close: async () => void events.push(`closed ${own}`),
        };
        context.provide(Transport, transport, 'x');
      },
      { provides: [Transport], reload: 'exclusive' },
    );
    await using host = await createTestHost({ plugins: { alone: { plugin: alone } }, listen: true });
    assert.deepEqual(host.host.addresses, ['x://1']);
    await reload(host, 'alone');
    assert.deepEqual(host.host.addresses, ['x://2']);
    assert.deepEqual(events, ['closed 1']);
  });

  it('one that fails is set up again as it was, and what uses it too', async () => {
    let good = true;
    let runs = 0;
    const alone = plugin(
      'alone',
      (context) => {
        runs += 1;
        if (!good && runs === 2) throw new SoulboxError('storage_failed', 'the lock is held');
        context.provide(Base, { run: runs });
      },
      { provides: [Base], reload: 'exclusive' },
    );
    const user = plugin('user', () => {}, { requires: { base: Base } });
    await using host = await createTestHost({ plugins: { alone: { plugin: alone }, user: { plugin: user } } });
    good = false;
    await assert.rejects(reload(host, 'alone'), failure('storage_failed', /the lock is held/));
    assert.deepEqual(states(host, 'alone', 'user'), ['active', 'active']);
    assert.equal(runs, 3);
  });
});

describe('a reload of a plugin that is not up', () => {
  it('tries again, and brings back those that it blocked', async () => {
    let works = false;
    const base = plugin(
      'base',
      (context) => {
        if (!works) throw new Error('not yet');
        context.provide(Base, { run: 1 });
      },
      { provides: [Base] },
    );
    const user = plugin('user', () => {}, { requires: { base: Base } });
    await using host = await createTestHost({ plugins: { base: { plugin: base }, user: { plugin: user } } });
    assert.deepEqual(states(host, 'base', 'user'), ['failed', 'blocked']);
    await assert.rejects(reload(host, 'base'), failure('plugin_failed', /not yet/));
    works = true;
    assert.deepEqual((await reload(host, 'base')).reloaded, ['base', 'user']);
    assert.deepEqual(states(host, 'base', 'user'), ['active', 'active']);
  });

  it('says why it stays down: unknown, skipped, not to be found, or the host goes', async () => {
    const shy = plugin('shy', (context) => context.skip('no GPU'));
    const host = await createTestHost({ plugins: { shy: { plugin: shy }, lost: { folder: '/nowhere/at/all' } } });
    await assert.rejects(reload(host, 'nobody'), failure('not_found'));
    await assert.rejects(reload(host, 'shy'), failure('plugin_failed', /shy is skipped: no GPU/));
    await assert.rejects(reload(host, 'lost'), failure('plugin_not_found'));
    await host.stop();
    await assert.rejects(reload(host, 'shy'), failure('draining'));
  });
});

describe('a reload of a plugin whose files changed', () => {
  it('one of this process keeps its code, and is refused when its version is another', async () => {
    await using folder = await temporaryFolder();
    const path = await writePackage(folder, 'p', { code: pluginCode('p') });
    await using host = await createTestHost({ plugins: { p: { folder: path } } });
    assert.equal((await reload(host, 'p')).code, 'kept');
    await writePackage(folder, 'p', { code: pluginCode('p'), packageJson: { version: '2.0.0' } });
    await assert.rejects(
      reload(host, 'p'),
      failure('plugin_failed', /changed from 1\.2\.3 to 2\.0\.0 under a running host/),
    );
    assert.equal(recordOf(host, 'p').state, 'active');
    await writePackage(folder, 'p', { packageJson: { engines: { soulbox: '^9.0.0' } } });
    await assert.rejects(reload(host, 'p'), failure('plugin_engine_mismatch'));
  });

  it('a definition that no longer fits the others is refused', async () => {
    const it = plugin('it', (context) => context.provide(Base, { run: 1 }), { provides: [Base] });
    const rival = plugin('rival', (context) => context.provide(Store, new MemoryStore()), { provides: [Store] });
    await using host = await createTestHost({ plugins: { rival: { plugin: rival }, it: { plugin: it } } });
    Object.assign(it.definition, { provides: [Store] });
    await assert.rejects(reload(host, 'it'), failure('capability_conflict'));
  });
});

describe('a changed configuration', () => {
  it('starts, replaces and stops the plugins that it concerns, and no others', async () => {
    await using folder = await temporaryFolder();
    const events: string[] = [];
    (globalThis as Record<symbol, unknown>)[Symbol.for('soulbox/test-events')] = events;
    const note = `const note = (what) => globalThis[Symbol.for('soulbox/test-events')].push(what);`;
    for (const id of ['a', 'b', 'c'])
      await writePackage(folder, id, {
        id,
        code: `${note}\n${pluginCode(id, `setup(c) { if (c.config.bad) throw new Error('bad'); note('${id} ' + c.config.n); return () => note('${id} down'); }`)}`,
      });
    const write = async (plugins: object, more: object = {}) => {
      const file = await folder.write('soulbox.yaml', { extends: 'none', plugins, ...more });
      return loadConfig({ file });
    };
    const entry = (id: string, config: object) => ({ package: `./${id}`, config });
    const { log, entries } = recordingLog();
    const host = new Host({
      config: await write({ a: entry('a', { n: 1 }), b: entry('b', { n: 1 }) }, { host: { dataDir: './data' } }),
      plugins: {
        store: {
          plugin: plugin('store', (context) => context.provide(Store, new MemoryStore()), { provides: [Store] }),
        },
      },
      listen: false,
      log,
    });
    await host.start();
    const state = () => Object.fromEntries(host.plugins.map(({ id, state: now }) => [id, now]));
    await host.apply(await write({ b: entry('b', { n: 2 }), c: entry('c', { n: 1 }) }, { sandbox: { ready: 3 } }));
    assert.deepEqual(state(), { b: 'active', c: 'active', store: 'active' });
    assert.ok(entries.some(({ msg, parts }) => /restart/.test(String(msg)) && String(parts) === 'host,sandbox'));
    assert.deepEqual(events.toSorted(), ['a 1', 'a down', 'b 1', 'b 2', 'b down', 'c 1'].toSorted());
    await host.apply(
      await write({ b: entry('b', { bad: true }), c: entry('c', { n: 1 }), a: { package: './nowhere' } }),
    );
    assert.deepEqual(state(), { b: 'active', c: 'active', store: 'active', a: 'failed' });
    assert.equal(entries.filter(({ msg }) => /was not taken over/.test(String(msg))).length, 2);
    events.length = 0;
    await host.apply(await write({ b: entry('b', { n: 2 }), c: entry('c', { n: 1 }) }));
    assert.deepEqual(events, [], 'what runs is what is configured');
    await host.stop();
    await host.apply(await write({})).catch((error: unknown) => failure('draining')(error));
  });

  it('one that another needs is blocked with it when it is removed', async () => {
    const sources = (plugins: Parameters<typeof embeddedPlugins>[0]) =>
      embeddedPlugins(plugins, { host: configFrom({}).config.host, log: recordingLog().log });
    const base = { plugin: plugin('base', (context) => context.provide(Base, { run: 1 }), { provides: [Base] }) };
    const user = { plugin: plugin('user', () => {}, { requires: { base: Base } }) };
    await using host = await createTestHost({});
    const inner = (host.host as unknown as { pluginHost: PluginHost }).pluginHost;
    const others = sources({
      'memory-store': { plugin: recordOf(host, 'memory-store').plugin! },
      'scripted-sandbox': { plugin: recordOf(host, 'scripted-sandbox').plugin! },
    });
    assert.equal((await inner.apply([...others, ...sources({ base, user })])).size, 0);
    assert.deepEqual(states(host, 'base', 'user'), ['active', 'active']);
    await inner.apply([...others, ...sources({ user })]);
    assert.deepEqual(states(host, 'user'), ['blocked']);
  });
});

describe('two versions of one plugin side by side', () => {
  it('bring what they provide under names of their own', async () => {
    const version = (own: number) =>
      plugin('x', (context) => context.provide(Tool, { use: async () => own }, 'tool'), { provides: [Tool] });
    await using host = await createTestHost({
      plugins: { x: { plugin: version(2) }, 'x:old': { plugin: version(1) } },
    });
    assert.deepEqual([await host.service(Tool, 'tool')?.use(), await host.service(Tool, 'tool@old')?.use()], [2, 1]);
  });
});
