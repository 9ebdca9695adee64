import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { ScriptedLiveDriver } from '@soulbox/plugin-sdk/testing';
import { liveHost, tenant, type LiveHost, type Shown } from '../support/live-host.ts';
import { FaultyStore, until } from '../support/scripted-host.ts';

/** A host that is gone, and what it left. */
async function left(
  work: (host: LiveHost) => Promise<void>,
): Promise<{ driver: ScriptedLiveDriver; store: FaultyStore }> {
  const host = await liveHost();
  await work(host);
  await host.stop();
  return { driver: host.driver, store: host.store };
}

describe('the next host', () => {
  it('takes over what stayed, as it was', async () => {
    let [running, paused]: (Shown | undefined)[] = [];
    const before = await left(async (host) => {
      running = await host.create({ metadata: { a: 'b' } });
      paused = await host.create();
      await host.call('sandboxes.pause', { id: paused.id });
    });
    const connected: string[] = [];
    await using host = await liveHost({
      ...before,
      tap: (hooks) => hooks.tap('live.connected', ({ sandbox }) => void connected.push(sandbox.id)),
    });
    assert.deepEqual([await host.state(running!.id), await host.state(paused!.id)], ['running', 'paused']);
    const shown = (await host.call('sandboxes.get', { id: running!.id })) as Shown;
    assert.deepEqual(shown['metadata'], { a: 'b' });
    assert.deepEqual(await host.story(running!.id), ['created', 'adopted']);
    await until(() => connected.length === 1);
    (await host.live.open(paused!.id, { tenant })).release();
    assert.deepEqual(connected, [running!.id, paused!.id]);
    assert.deepEqual(before.driver.asked, [`pause ${paused!.id}`, `resume ${paused!.id}`]);
  });

  it('calls lost what is not there any more, or only its remains', async () => {
    let ids: string[] = [];
    const before = await left(async (host) => {
      ids = await Promise.all([1, 2].map(async () => (await host.create()).id));
    });
    before.driver.lose(ids[0]!);
    before.driver.exit(ids[1]!);
    const ended: string[] = [];
    await using host = await liveHost({
      ...before,
      tap: (hooks) => hooks.tap('live.ended', ({ sandbox, reason }) => void ended.push(`${sandbox.id} ${reason}`)),
    });
    assert.deepEqual([await host.state(ids[0]!), await host.state(ids[1]!)], ['lost', 'lost']);
    assert.deepEqual(ended.toSorted(), ids.map((id) => `${id} lost`).toSorted());
    assert.deepEqual([...before.driver.services.keys()], []);
  });

  it('takes away what was being made, and what no record knows of', async () => {
    const before = await left(async (host) => {
      const { id } = await host.create();
      const document = await host.store.get('sandboxes', id);
      await host.store.commit([
        { op: 'put', collection: 'sandboxes', id, value: { ...document!.value, state: 'starting' } },
      ]);
      const unknown = await host.create();
      await host.store.commit([{ op: 'delete', collection: 'sandboxes', id: unknown.id }]);
    });
    await using host = await liveHost(before);
    assert.deepEqual([...host.driver.services.keys()], []);
    assert.deepEqual(await host.live.list({ tenant }), []);
  });

  it('finds more than a page of them', async () => {
    const store = new FaultyStore();
    await store.define('sandboxes', { indexes: ['tenant,createdAt,state', 'state,endedAt'] });
    const before = await left(async (host) => void (await host.create()));
    const template = (await before.store.query('sandboxes', {})).documents[0]!.value;
    await store.commit(
      Array.from({ length: 1_100 }, (_, index) => {
        const id = `sb${index}`;
        return { op: 'put', collection: 'sandboxes', id, value: { ...template, id } } as const;
      }),
    );
    await using host = await liveHost({ store });
    const { documents } = await host.store.query('sandboxes', { where: { state: 'running' } });
    assert.equal(documents.length, 0);
  });

  it('leaves those of a host that lives', async () => {
    await using living = await liveHost();
    const { id } = await living.create();
    const other = new ScriptedLiveDriver();
    await using _next = await liveHost({ driver: other, store: living.store });
    assert.equal(await living.state(id), 'running');
  });

  it('takes away nothing that a host has that lives, though the driver tells of it', async () => {
    await using living = await liveHost();
    const { id } = await living.create();
    const { driver, store } = living;
    await using _next = await liveHost({ driver, store });
    assert.deepEqual(driver.asked, []);
    (await living.live.open(id, { tenant })).release();
  });

  it('starts though a driver cannot tell what stayed, or take away what nobody knows', async () => {
    let [kept, over]: (Shown | undefined)[] = [];
    const before = await left(async (host) => {
      const { id } = await host.create();
      await host.store.commit([{ op: 'delete', collection: 'sandboxes', id }]);
      kept = await host.create();
      over = await host.create({ lifetimeMs: 1_000 });
    });
    before.driver.fault = (step) => {
      if (step === 'destroy') throw new Error('busy');
    };
    await (await liveHost(before)).stop();
    before.driver.fault = (step) => {
      if (step === 'adopt') throw new SoulboxError('runtime_unavailable', 'no engine');
    };
    await sleep(1_000);
    const host = await liveHost(before);
    assert.deepEqual([await host.state(kept!.id), await host.state(over!.id)], ['running', 'lost']);
    await host.stop();
    before.driver.fault = () => undefined;
    await using later = await liveHost(before);
    (await later.live.open(kept!.id, { tenant })).release();
  });

  it('refuses to make or open any while it goes down', async () => {
    const host = await liveHost();
    const { id } = await host.create();
    await host.stop();
    await assert.rejects(host.live.open(id, { tenant }), { code: 'not_found' });
    const { live } = host.host as unknown as { live: { create(...args: unknown[]): Promise<unknown> } };
    await assert.rejects(live.create({}, {}, {}), { code: 'draining' });
  });

  it('forgets those that ended long ago', async () => {
    await using host = await liveHost();
    const { id } = await host.create();
    const lasting = await host.create();
    await host.call('sandboxes.delete', { id });
    const { live } = host.host as unknown as { live: { forgetOld(days: number, now: Date): Promise<void> } };
    await live.forgetOld(7, new Date());
    assert.equal(await host.state(id), 'ended');
    await live.forgetOld(7, new Date(Date.now() + 8 * 86_400_000));
    await assert.rejects(host.state(id), { code: 'not_found' });
    assert.equal(await host.state(lasting.id), 'running');
  });
});
