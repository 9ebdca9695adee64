import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SoulboxError, type LivePlan } from '@soulbox/plugin-sdk';
import { ScriptedLiveDriver, testPrincipal } from '@soulbox/plugin-sdk/testing';
import { liveHost, tenant, type Shown } from '../support/live-host.ts';
import { until, type FaultyStore } from '../support/scripted-host.ts';

const writes = (state: string) => (changes: Parameters<FaultyStore['commit']>[0]) =>
  changes.some((c) => c.op === 'put' && c.collection === 'sandboxes' && c.value['state'] === state)
    ? new SoulboxError('storage_failed', 'the disk is full')
    : undefined;

describe('a sandbox that stays', () => {
  it('is opened for use over one connection, and connected to anew when that ends', async () => {
    let connected = 0;
    await using host = await liveHost({ tap: (hooks) => hooks.tap('live.connected', () => void connected++) });
    const { id } = await host.create();
    const [one, two] = await Promise.all([host.live.open(id, { tenant }), host.live.open(id, { tenant })]);
    assert.equal(one.agent, two.agent);
    assert.equal(one.info.id, id);
    await one.agent.forget(1);
    one.release();
    one.release();
    two.release();
    assert.equal(connected, 1);
    await host.driver.services.get(id)!.hangUp();
    await until(() => connected === 2);
    const three = await host.live.open(id, { tenant });
    await three.agent.forget(1);
    three.release();
    assert.equal(await host.state(id), 'running');
  });

  it('is lost when it dies, which is found out without its use', async () => {
    const ended: string[] = [];
    await using host = await liveHost({
      tap: (hooks) => hooks.tap('live.ended', ({ sandbox, reason }) => void ended.push(`${sandbox.id} ${reason}`)),
    });
    const { id } = await host.create();
    host.driver.lose(id);
    await until(async () => (await host.state(id)) === 'lost');
    await until(() => ended.length === 1);
    assert.deepEqual(ended, [`${id} lost`]);
    await assert.rejects(host.live.open(id, { tenant }), { code: 'not_found' });
    assert.deepEqual(await host.story(id), ['created', 'ended lost']);
  });

  it('is not taken for lost where its driver merely fails', async () => {
    await using host = await liveHost();
    const { id } = await host.create();
    host.driver.fault = (step) => {
      if (step === 'connect') throw new SoulboxError('runtime_unavailable', 'no engine');
    };
    await host.driver.services.get(id)!.hangUp();
    await sleep(20);
    await assert.rejects(host.live.open(id, { tenant }), { code: 'runtime_unavailable' });
    host.driver.fault = () => undefined;
    (await host.live.open(id, { tenant })).release();
    assert.equal(await host.state(id), 'running');
  });

  it('is not used where a plugin that must know of it fails', async () => {
    let fails = false;
    await using host = await liveHost({
      tap: (hooks) =>
        hooks.tap('live.connected', () => {
          if (fails) throw new SoulboxError('unsupported', 'no network');
        }),
    });
    const { id } = await host.create();
    fails = true;
    await host.driver.services.get(id)!.hangUp();
    await sleep(20);
    await assert.rejects(host.live.open(id, { tenant }), { code: 'unsupported' });
    fails = false;
    (await host.live.open(id, { tenant })).release();
  });

  it('is paused when it is idle, and resumed by its next use, once', async () => {
    await using host = await liveHost();
    const { id } = await host.create({ idleMs: 100 });
    const open = await host.live.open(id, { tenant });
    await sleep(150);
    assert.equal(await host.state(id), 'running', 'what is in use is not idle');
    open.release();
    await until(async () => (await host.state(id)) === 'paused');
    const opened = await Promise.all([1, 2, 3].map(() => host.live.open(id, { tenant })));
    assert.deepEqual(host.driver.asked, [`pause ${id}`, `resume ${id}`]);
    for (const each of opened) each.release();
    await until(async () => (await host.story(id)).length === 4);
    assert.deepEqual(await host.story(id), ['created', 'paused idle', 'resumed use', 'paused idle']);
  });

  it('is not resumed by use where that is not wanted', async () => {
    await using host = await liveHost();
    const { id } = await host.create({ autoResume: false });
    await host.call('sandboxes.pause', { id });
    await assert.rejects(host.live.open(id, { tenant }), { code: 'sandbox_paused' });
    await host.call('sandboxes.resume', { id });
    (await host.live.open(id, { tenant })).release();
  });

  it('goes on where it cannot be paused', async () => {
    await using host = await liveHost();
    host.driver.fault = (step) => {
      if (step === 'pause') throw new SoulboxError('sandbox_unavailable', 'it does not stand still');
    };
    const { id } = await host.create({ idleMs: 100 });
    await until(() => host.driver.asked.length > 0);
    assert.equal(await host.state(id), 'running');
    host.driver.fault = () => undefined;
    await until(async () => (await host.state(id)) === 'paused');
  });

  it('is not held by a connection that came about after its end', async () => {
    let [isHeld, letGo] = [false, () => undefined as void];
    await using host = await liveHost({
      tap: (hooks) => hooks.tap('live.connected', () => (isHeld ? new Promise<void>((go) => (letGo = go)) : undefined)),
    });
    const { id } = await host.create();
    await host.call('sandboxes.pause', { id });
    isHeld = true;
    let isAsked = false;
    const opening = host.live.open(id, { tenant }).finally(() => (isAsked = true));
    const refused = assert.rejects(opening, { code: 'not_found' });
    await until(async () => (await host.state(id)) === 'running');
    await host.call('sandboxes.delete', { id });
    assert.equal(isAsked, false);
    letGo();
    await refused;
  });

  it('is deleted when it is idle, or its time is over', async () => {
    await using host = await liveHost();
    const idle = await host.create({ idleMs: 100, onIdle: 'delete' });
    const over = await host.create({ lifetimeMs: 1_000 });
    await until(async () => (await host.state(idle.id)) === 'ended');
    assert.deepEqual(await host.story(idle.id), ['created', 'ended idle']);
    await until(async () => (await host.state(over.id)) === 'ended');
    assert.deepEqual(await host.story(over.id), ['created', 'ended expired']);
  });

  it('may stay longer than a timer can wait', async () => {
    await using host = await liveHost({ settings: { maximumLifetimeMs: null } });
    const { id } = await host.create({ lifetimeMs: 2 ** 40, idleMs: 2 ** 40 });
    await sleep(20);
    assert.equal(await host.state(id), 'running');
  });

  it('stays what it was where its end cannot be recorded', async () => {
    await using host = await liveHost();
    const { id } = await host.create({ lifetimeMs: 1_000 });
    host.store.fault = writes('ended');
    await assert.rejects(host.call('sandboxes.delete', { id }), { code: 'storage_failed' });
    await sleep(1_100);
    assert.equal(await host.state(id), 'running');
    host.store.fault = () => undefined;
    await host.call('sandboxes.delete', { id });
  });
});

describe('the making of a sandbox that stays', () => {
  const plan = (over: Partial<LivePlan>) => (given: LivePlan) => ({ ...given, ...over });

  it('is planned with plugins, and filled by them before anybody has it', async () => {
    const filled: string[] = [];
    await using host = await liveHost({
      tap: (hooks) => {
        hooks.tap(
          'live.planning',
          plan({
            env: { FROM: 'plugin' },
            mounts: [{ source: '/srv/v', path: '/mnt/v', readOnly: true }],
            gateway: true,
            handled: ['network', 'template'],
          }),
        );
        hooks.tap('live.filling', async ({ sandbox, agent }) => {
          await agent.forget(1);
          filled.push(`${sandbox.id} ${sandbox.state}`);
        });
      },
    });
    const made = await host.create({ network: { mode: 'none' }, template: 't' });
    assert.deepEqual([made['env'], made['template']], [{ FROM: 'plugin' }, 't']);
    assert.deepEqual(filled, [`${made.id} starting`]);
    const spec = host.driver.specs[0]!;
    assert.deepEqual([spec.gateway, spec.mounts.length], [true, 1]);
  });

  it('is a plugin’s as well, which takes it away again', async () => {
    await using host = await liveHost({
      tap: (hooks) => hooks.tap('live.planning', plan({ handled: ['template'] })),
    });
    const made = await host.live.make({ lifetimeMs: 60_000 }, testPrincipal);
    assert.deepEqual([made.state, made.tenant, made.env, made.request], ['running', tenant, {}, {}]);
    const order = { env: { A: '1' }, request: { template: 't' }, lifetimeMs: 60_000, metadata: { for: 'a build' } };
    const { id, ...info } = await host.live.make({ ...order, languages: ['script'] }, testPrincipal);
    assert.deepEqual(
      [info.env, info.request, info.metadata, info.languages],
      [{ A: '1' }, { template: 't' }, { for: 'a build' }, ['script']],
    );
    const shown = (await host.call('sandboxes.get', { id })) as { idleMs: null; onIdle: string; expiresAt: number };
    assert.deepEqual([shown.idleMs, shown.onIdle], [null, 'delete']);
    assert.ok(shown.expiresAt <= Date.now() + 60_000);
    await assert.rejects(host.live.remove(id, { tenant: 'another' }), { code: 'not_found' });
    await host.live.remove(id, { tenant });
    assert.equal(await host.state(id), 'ended');
    await assert.rejects(host.live.make({ lifetimeMs: 1, image: 'x' }, testPrincipal), { code: 'unsupported' });
  });

  it('is refused by the name of what the driver lacks', async () => {
    const mounts = [{ source: '/srv/v', path: '/mnt/v', readOnly: true }];
    for (const [lacking, over] of [
      ['network-policy', { gateway: true }],
      ['volumes', { mounts }],
    ] as const) {
      await using host = await liveHost({ tap: (hooks) => hooks.tap('live.planning', plan(over)) });
      host.driver.report = { ...host.driver.report, capabilities: ['live'] };
      await assert.rejects(host.create(), { code: 'unsupported', details: { capability: lacking } });
      assert.deepEqual(host.driver.specs, []);
    }
  });

  it('uses the image that a plugin names', async () => {
    await using host = await liveHost({ tap: (hooks) => hooks.tap('live.planning', plan({ image: 'made/of' })) });
    assert.equal((await host.create())['image'], 'made/of');
    assert.equal(host.driver.specs[0]!.image, 'made/of');
  });

  it('does not follow a plugin that shows files of nowhere', async () => {
    const mounts = [{ source: 'relative', path: '/mnt/v', readOnly: true }];
    await using host = await liveHost({ tap: (hooks) => hooks.tap('live.planning', plan({ mounts })) });
    await assert.rejects(host.create(), { code: 'hook_invalid_result' });
    assert.deepEqual(host.driver.specs, []);
  });

  const failures: readonly (readonly [string, string, (host: Awaited<ReturnType<typeof liveHost>>) => void])[] = [
    [
      'the driver fails',
      'sandbox_unavailable',
      ({ driver }) => {
        driver.fault = (step) => {
          if (step === 'create') throw new SoulboxError('sandbox_unavailable', 'no room');
        };
      },
    ],
    [
      'it dies at once',
      'not_found',
      ({ driver }) => {
        driver.fault = (step, id) => {
          if (step === 'connect') driver.lose(id);
        };
      },
    ],
    ['its record cannot be written', 'storage_failed', ({ store }) => (store.fault = writes('starting'))],
    ['its record cannot be written later', 'storage_failed', ({ store }) => (store.fault = writes('running'))],
  ];
  for (const [name, code, breaks] of failures)
    it(`leaves nothing where ${name}`, async () => {
      await using host = await liveHost();
      breaks(host);
      await assert.rejects(host.create(), { code });
      assert.deepEqual(await host.live.list({ tenant }), []);
      assert.deepEqual([...host.driver.services.keys()], []);
      const { sandboxes } = (await host.call('sandboxes.list', {})) as { sandboxes: Shown[] };
      assert.ok(sandboxes.every(({ state }) => state === 'ended' || state === 'lost'));
    });

  it('is given up where it is not made in time', async () => {
    const driver = new ScriptedLiveDriver();
    driver.fault = (step) => (step === 'create' ? sleep(10_000, undefined, { ref: false }) : undefined);
    await using host = await liveHost({ driver });
    await assert.rejects(host.create(), { code: 'plugin_timeout' });
    assert.deepEqual(await host.live.list({ tenant }), []);
  });
});
