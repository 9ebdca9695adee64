import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { definePlugin, LanguageRuntime, SandboxDriver, type Plugin } from '@soulbox/plugin-sdk';
import { ScriptedDriver, ScriptedLiveDriver } from '@soulbox/plugin-sdk/testing';
import { liveHost, tenant, type Shown } from '../support/live-host.ts';
import { scriptedHost, stranger, until } from '../support/scripted-host.ts';

describe('sandboxes.create', () => {
  it('makes a sandbox as it is asked for, and says what it is', async () => {
    await using host = await liveHost();
    const before = Date.now();
    const made = await host.create({
      env: { A: '1' },
      metadata: { job: '7' },
      labels: ['x'],
      limits: { memoryBytes: 1_000_000 },
      lifetimeMs: 5_000,
      idleMs: null,
      onIdle: 'delete',
      autoResume: false,
    });
    assert.match(made.id, /^sb[0-9a-f]{32}$/);
    const { id, createdAt, expiresAt, enforced, ...rest } = made;
    assert.ok(!Number.isNaN(Date.parse(String(createdAt))));
    assert.ok(Number(expiresAt) >= before + 5_000 && Number(expiresAt) <= Date.now() + 5_000);
    assert.deepEqual(
      [(enforced as { wall: string }).wall, (enforced as { level: string }).level],
      ['none', 'standard'],
    );
    assert.deepEqual(rest, {
      driver: 'scripted',
      state: 'running',
      endedAt: null,
      image: null,
      languages: ['script'],
      limits: { memoryBytes: 1_000_000, diskBytes: 268_435_456, processes: 256 },
      env: { A: '1' },
      metadata: { job: '7' },
      labels: ['x'],
      network: null,
      volumes: [],
      template: null,
      snapshot: null,
      idleMs: null,
      onIdle: 'delete',
      autoResume: false,
    });
    assert.deepEqual(host.driver.specs[0]!.labels, { tenant });
    assert.deepEqual(await host.call('sandboxes.get', { id }), made);
    assert.deepEqual(await host.story(id), ['created']);
  });

  it('has usual terms for who names none', async () => {
    await using host = await liveHost({ settings: { lifetimeMs: null, maximumLifetimeMs: null, idleMs: 60_000 } });
    const { expiresAt, idleMs, onIdle, autoResume } = await host.create();
    assert.deepEqual([expiresAt, idleMs, onIdle, autoResume], [null, 60_000, 'pause', true]);
    assert.equal((await host.create({ lifetimeMs: null }))['expiresAt'], null);
  });

  it('refuses what is more than this host allows', async () => {
    await using host = await liveHost({ settings: { maximumLifetimeMs: 10_000, lifetimeMs: 5_000, perTenant: 1 } });
    const refused = [
      [{ limits: { diskBytes: 2 ** 40 } }, 'limit_out_of_range'],
      [{ lifetimeMs: 10_001 }, 'limit_out_of_range'],
      [{ lifetimeMs: null }, 'limit_out_of_range'],
      [{ env: { 'A=B': 'x' } }, 'invalid_params'],
      [{ image: 'some/image' }, 'unsupported'],
      [{ languages: ['nonsense'] }, 'language_unknown'],
      [{ network: { mode: 'none' }, volumes: [{ volume: 'v', path: '/mnt/v' }] }, 'unsupported'],
    ] as const;
    for (const [params, code] of refused) await assert.rejects(host.create(params), { code }, JSON.stringify(params));
    assert.deepEqual(host.driver.specs, []);
    await host.create();
    await assert.rejects(host.create(), { code: 'overloaded' });
    assert.equal(((await host.call('sandboxes.create', {}, { principal: stranger })) as Shown).state, 'running');
  });

  it('is refused by a driver whose sandboxes cannot stay, or cannot pause', async () => {
    const plain = await scriptedHost({ driver: new ScriptedDriver() });
    await using _ = plain;
    await assert.rejects(plain.call('sandboxes.create', {}), { code: 'unsupported' });
    const driver = new ScriptedLiveDriver();
    driver.report = { ...driver.report, capabilities: ['live'] };
    await using host = await liveHost({ driver });
    await assert.rejects(host.create({ onIdle: 'pause' }), { code: 'unsupported' });
    assert.equal((await host.create())['onIdle'], 'delete');
    const none = new ScriptedLiveDriver();
    none.report = { ...none.report, available: false, reason: 'not here' };
    await using other = await liveHost({ driver: none });
    await assert.rejects(other.create(), { code: 'sandbox_unavailable' });
  });
});

describe('a driver whose toolchains come from images', () => {
  const language = (name: string, image?: string): Plugin => {
    const about = { name, aliases: [], extensions: [] };
    const info = { ...about, version: '1', available: true, reason: null, paths: [], canary: { code: '', stdout: '' } };
    const images = image === undefined ? {} : { image: { reference: image, folder: '/x' } };
    const runtime: LanguageRuntime = {
      describe: async () => ({ ...info, ...images }),
      about: async () => about,
      plan: async () => ({ ok: false, message: 'no', diagnostics: [] }),
    };
    return definePlugin({
      id: `language-${name}`,
      provides: [LanguageRuntime],
      setup: (context) => context.provide(LanguageRuntime, runtime, name),
    });
  };

  it('makes sandboxes of the image of a language, or of one that is named', async () => {
    const driver = new ScriptedLiveDriver();
    driver.report = { ...driver.report, toolchains: 'image' };
    const plugins = {
      'language-one': { plugin: language('one', 'image/one') },
      'language-two': { plugin: language('two', 'image/two') },
    };
    await using host = await scriptedHost({ driver, plugins });
    const imageOf = async (params: object) => ((await host.call('sandboxes.create', params)) as Shown)['image'];
    assert.equal(await imageOf({ languages: ['one'] }), 'image/one');
    assert.equal(await imageOf({ languages: ['one', 'two'], image: 'mine' }), 'mine');
    assert.equal(await imageOf({}), null);
    await assert.rejects(imageOf({ languages: ['one', 'two'] }), { code: 'invalid_params' });
  });

  it('makes those of an image that is named, also where another one is preferred', async () => {
    const [first, images] = [new ScriptedLiveDriver(), new ScriptedLiveDriver()];
    images.report = { ...images.report, toolchains: 'image' };
    const second = definePlugin({
      id: 'second-driver',
      provides: [SandboxDriver],
      setup: (context) => context.provide(SandboxDriver, images, 'second'),
    });
    const config = { sandbox: { order: ['scripted', 'second'] } };
    await using host = await scriptedHost({ driver: first, config, plugins: { 'second-driver': { plugin: second } } });
    assert.equal(((await host.call('sandboxes.create', { image: 'mine' })) as Shown)['driver'], 'second');
    assert.equal(((await host.call('sandboxes.create', {})) as Shown)['driver'], 'scripted');
  });

  it('is not needed for languages of this machine, which must be there then', async () => {
    const missing: Plugin = definePlugin({
      id: 'language-gone',
      provides: [LanguageRuntime],
      setup: (context) =>
        context.provide(
          LanguageRuntime,
          {
            describe: async () => ({
              name: 'gone',
              aliases: [],
              extensions: [],
              version: '',
              available: false,
              reason: null,
              paths: [],
              canary: { code: '', stdout: '' },
            }),
            plan: async () => ({ ok: false, message: 'no', diagnostics: [] }),
          },
          'gone',
        ),
    });
    await using host = await scriptedHost({
      driver: new ScriptedLiveDriver(),
      plugins: { 'language-gone': { plugin: missing } },
    });
    await assert.rejects(host.call('sandboxes.create', { languages: ['gone'] }), { code: 'language_unavailable' });
  });

  it('has programs found that lie elsewhere', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'soulbox-toolchain-'));
    await mkdir(join(folder, 'bin'));
    await mkdir(join(folder, 'alone/bin'), { recursive: true });
    const programs = ['one', 'two'].map((name) => join(folder, 'alone/bin', name));
    const found: Plugin = definePlugin({
      id: 'language-found',
      provides: [LanguageRuntime],
      setup: (context) =>
        context.provide(
          LanguageRuntime,
          {
            describe: async () => ({
              name: 'found',
              aliases: [],
              extensions: [],
              version: '1',
              available: true,
              reason: null,
              paths: ['/usr', '/usr/bin/x', folder, ...programs, '/nowhere', '/nowhere/bin/x'],
              canary: { code: '', stdout: '' },
            }),
            plan: async () => ({ ok: false, message: 'no', diagnostics: [] }),
          },
          'found',
        ),
    });
    await using host = await scriptedHost({
      driver: new ScriptedLiveDriver(),
      plugins: { 'language-found': { plugin: found } },
    });
    const { env } = (await host.call('sandboxes.create', { languages: ['found'] })) as { env: Record<string, string> };
    assert.equal(env['PATH'], `${join(folder, 'bin')}:${join(folder, 'alone/bin')}:/usr/local/bin:/usr/bin:/bin`);
    await rm(folder, { recursive: true });
  });
});

describe('sandboxes.list', () => {
  it('lists the caller’s, the newest first, by state, label and metadata, page by page', async () => {
    await using host = await liveHost();
    const first = await host.create({ labels: ['a'], metadata: { n: '1' } });
    await new Promise((resolve) => setTimeout(resolve, 3));
    const second = await host.create({ labels: ['b'], metadata: { n: '2' } });
    await host.call('sandboxes.delete', { id: first.id });
    const list = async (params: object) => {
      const { sandboxes, cursor } = (await host.call('sandboxes.list', params)) as {
        sandboxes: Shown[];
        cursor: string | null;
      };
      return { ids: sandboxes.map(({ id }) => id), cursor };
    };
    assert.deepEqual((await list({})).ids, [second.id, first.id]);
    assert.deepEqual((await list({ state: 'running' })).ids, [second.id]);
    assert.deepEqual((await list({ label: 'a' })).ids, [first.id]);
    assert.deepEqual((await list({ metadata: { n: '2' } })).ids, [second.id]);
    const page = await list({ limit: 1 });
    assert.deepEqual([page.ids, (await list({ limit: 1, cursor: page.cursor })).ids], [[second.id], [first.id]]);
    assert.deepEqual(await host.call('sandboxes.list', {}, { principal: stranger }), { sandboxes: [], cursor: null });
    assert.deepEqual(
      (await host.live.list({ tenant })).map(({ id }) => id),
      [second.id],
    );
  });
});

describe('sandboxes of others', () => {
  it('are unknown to whoever asks', async () => {
    await using host = await liveHost();
    const { id } = await host.create();
    for (const verb of ['get', 'update', 'pause', 'resume', 'delete', 'stats', 'logs'])
      for (const asked of [{ id }, { id: 'sbnone' }])
        await assert.rejects(
          host.call(`sandboxes.${verb}`, asked, { principal: stranger }),
          { code: 'not_found' },
          verb,
        );
    await assert.rejects(host.live.open(id, { tenant: 'elsewhere' }), { code: 'not_found' });
    await assert.rejects(host.live.get(id, { tenant: 'elsewhere' }), { code: 'not_found' });
    assert.equal((await host.live.get(id, { tenant })).id, id);
    assert.equal(await host.state(id), 'running');
  });
});

describe('sandboxes.update', () => {
  it('changes how long it stays, and what it is known by', async () => {
    await using host = await liveHost();
    const { id } = await host.create({ labels: ['a'] });
    const changed = (await host
      .call('sandboxes.update', {
        id,
        lifetimeMs: null,
        labels: ['b'],
        env: { B: '2' },
        metadata: { c: 'd' },
        idleMs: 1_000,
        onIdle: 'delete',
        autoResume: false,
      })
      .catch((error: unknown) => error)) as { code: string };
    assert.equal(changed.code, 'limit_out_of_range');
    const shown = (await host.call('sandboxes.update', { id, labels: ['b'], env: { B: '2' }, idleMs: 1_000 })) as Shown;
    assert.deepEqual([shown['labels'], shown['env'], shown['idleMs']], [['b'], { B: '2' }, 1_000]);
    const before = Date.now();
    const longer = (await host.call('sandboxes.update', { id, lifetimeMs: 7_200_000 })) as Shown;
    assert.ok(Number(longer['expiresAt']) >= before + 7_200_000);
    await using endless = await liveHost({ settings: { maximumLifetimeMs: null } });
    const other = await endless.create();
    const unending = (await endless.call('sandboxes.update', { id: other.id, lifetimeMs: null })) as Shown;
    assert.equal(unending['expiresAt'], null);
    await host.call('sandboxes.delete', { id });
    await assert.rejects(host.call('sandboxes.update', { id }), { code: 'not_found' });
  });
});

describe('sandboxes.pause, resume and delete', () => {
  it('may be repeated', async () => {
    await using host = await liveHost();
    const { id } = await host.create();
    const states: string[] = [];
    for (const verb of ['pause', 'pause', 'resume', 'resume', 'delete'])
      states.push(((await host.call(`sandboxes.${verb}`, { id })) as Shown).state);
    assert.deepEqual(states, ['paused', 'paused', 'running', 'running', 'ended']);
    assert.deepEqual(host.driver.asked, [`pause ${id}`, `resume ${id}`, `destroy ${id}`]);
    assert.deepEqual(await host.story(id), ['created', 'paused request', 'resumed request', 'ended request']);
    assert.equal(await host.state(id), 'ended');
    await assert.rejects(host.call('sandboxes.pause', { id }), { code: 'not_found' });
  });

  it('say what the driver cannot', async () => {
    const driver = new ScriptedLiveDriver();
    Object.assign(driver, { pause: undefined, stats: undefined });
    await using host = await liveHost({ driver });
    const { id } = await host.create();
    await assert.rejects(host.call('sandboxes.pause', { id }), { code: 'unsupported' });
    await assert.rejects(host.call('sandboxes.stats', { id }), { code: 'unsupported' });
  });

  it('delete what the driver cannot take away, and say so in the log only', async () => {
    await using host = await liveHost();
    const { id } = await host.create();
    host.driver.fault = (step) => {
      if (step === 'destroy') throw new Error('busy');
    };
    assert.equal(((await host.call('sandboxes.delete', { id })) as Shown).state, 'ended');
  });
});

describe('sandboxes.stats', () => {
  it('tells once, or again and again', async () => {
    await using host = await liveHost();
    const { id } = await host.create();
    const { at, ...stats } = (await host.call('sandboxes.stats', { id })) as { at: number };
    assert.ok(at > 0);
    assert.deepEqual(stats, {
      cpuMs: 1,
      memoryBytes: 2,
      peakMemoryBytes: 3,
      processes: 4,
      readBytes: null,
      writtenBytes: null,
    });
    const abort = new AbortController();
    let seen = 0;
    const following = (async () => {
      const items = host.stream('sandboxes.stats', { id, stream: true, everyMs: 100 }, { signal: abort.signal });
      for await (const item of items) if ('event' in item && ++seen === 2) abort.abort();
    })();
    await assert.rejects(following, { code: 'cancelled' });
    await until(() => seen === 2);
  });
});
