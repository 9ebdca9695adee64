import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { ScriptedDriver } from '@soulbox/plugin-sdk/testing';
import { configFrom } from '../../src/config/load.ts';
import { HookBus } from '../../src/hooks/hook-bus.ts';
import { Pools } from '../../src/sandboxes/pools.ts';
import { Traffic } from '../../src/traffic.ts';
import { until } from '../support/scripted-host.ts';

async function make(ready = 0) {
  const driver = new ScriptedDriver();
  const chosen = { name: 'scripted', driver, report: await driver.probe() };
  const { sandbox: settings, executions } = configFrom({ sandbox: { ready } }).config;
  let current = true;
  const traffic = new Traffic();
  const pools = new Pools({
    hooks: new HookBus(),
    settings,
    limits: executions.limits,
    log: pino({ level: 'silent' }),
    traffic,
    isCurrent: (asked) => current || asked !== chosen,
  });
  return { pools, driver, chosen, traffic, replace: () => (current = false) };
}

describe('pools', () => {
  it('there is one for each image and one for each set of dependencies', async () => {
    const { pools, driver, chosen } = await make();
    const plain = pools.of(chosen, { paths: ['/usr'] });
    assert.equal(pools.of(chosen, { paths: ['/usr', '/opt'] }), plain, 'it is told of new paths');
    const [one, two] = ['one', 'two'].map((image) => pools.of(chosen, { paths: [], image }));
    const layered = pools.of(chosen, { paths: ['/usr'] }, '/layers/x');
    assert.equal(new Set([plain, one, two, layered]).size, 4);
    for (const pool of [plain, one, layered]) (await pool!.acquire('a')).release(true);
    assert.deepEqual(driver.created, [
      { paths: ['/usr', '/opt'], labels: {} },
      { paths: [], image: 'one', labels: {} },
      { paths: ['/usr', '/layers/x'], labels: {} },
    ]);
    await pools.close();
    assert.deepEqual(await driver.list(), []);
    assert.throws(() => pools.of(chosen, { paths: [] }), { code: 'draining' });
  });

  it('the boxes of a tenant are those of all pools, and no other tenant’s', async () => {
    const { pools, chosen } = await make();
    const [one, two] = ['one', 'two'].map((image) => pools.of(chosen, { paths: [], image }));
    const lease = await one!.acquire('a');
    (await two!.acquire('a')).release(true);
    (await two!.acquire('b')).release(true);
    assert.deepEqual(
      pools.boxesOf('a').map(({ info, leases }) => [info.id, leases]),
      [
        [lease.sandboxId, 1],
        ['scripted-2', 0],
      ],
    );
    assert.deepEqual(pools.boxesOf('c'), []);
    lease.release(true);
    await pools.close();
    assert.deepEqual(pools.boxesOf('a'), []);
  });

  it('boxes with dependencies are not made ahead of need', async () => {
    const { pools, driver, chosen } = await make(1);
    await pools.of(chosen, { paths: [] }, '/layers/x').warm();
    assert.equal(driver.created.length, 0);
    await pools.of(chosen, { paths: [] }).warm();
    assert.equal(driver.created.length, 1);
    await pools.close();
  });

  it('those of a driver that was replaced go when nobody can be on the way to them any more', async () => {
    const { pools, driver, chosen, traffic, replace } = await make(1);
    await pools.of(chosen, { paths: [] }).warm();
    const leave = traffic.work.enter();
    replace();
    const other = new ScriptedDriver();
    pools.of({ ...chosen, driver: other }, { paths: [] });
    assert.equal((await driver.list()).length, 1);
    leave();
    await until(async () => (await driver.list()).length === 0);
    await pools.close();
  });

  it('work that began with a driver that was replaced meanwhile gets boxes of that one', async () => {
    const { pools, driver, chosen, traffic, replace } = await make();
    const leave = traffic.work.enter();
    const other = new ScriptedDriver();
    replace();
    const fresh = pools.of({ ...chosen, driver: other }, { paths: [] });
    const old = pools.of(chosen, { paths: [] });
    assert.notEqual(old, fresh);
    const [late, early] = [await old.acquire('a'), await fresh.acquire('a')];
    assert.deepEqual([driver.created.length, other.created.length], [1, 1]);
    for (const lease of [late, early]) lease.release(true);
    assert.equal(pools.of({ ...chosen, driver: other }, { paths: [] }), fresh, 'the new one is not given up for it');
    leave();
    await until(async () => (await driver.list()).length === 0);
    assert.equal((await other.list()).length, 1);
    await pools.close();
  });

  it('those that were given up later are not closed with those before', async () => {
    const { pools, driver, chosen, traffic, replace } = await make();
    const leaveFirst = traffic.work.enter();
    pools.of({ ...chosen, driver: new ScriptedDriver() }, { paths: [] }, '/layers/x');
    const closingFirst = pools.closeStale();
    const used = pools.of(chosen, { paths: [] });
    const leaveSecond = traffic.work.enter();
    replace();
    const closing = pools.closeStale();
    leaveFirst();
    await closingFirst;
    const lease = await used.acquire('a');
    assert.equal((await driver.list()).length, 1, 'work on its way to a pool still gets there');
    lease.release(true);
    leaveSecond();
    await closing;
    assert.deepEqual(await driver.list(), []);
    await pools.close();
  });

  it('those of a driver that is gone are taken away when told so', async () => {
    const { pools, driver, chosen, replace } = await make(1);
    await pools.of(chosen, { paths: [] }).warm();
    replace();
    await pools.closeStale();
    assert.deepEqual(await driver.list(), []);
    await pools.close();
  });

  it('those that were empty and unused for long are given up', async (t) => {
    const { pools, chosen } = await make();
    const empty = pools.of(chosen, { paths: [] }, '/layers/x');
    const now = performance.now();
    t.mock.method(performance, 'now', () => now + 3_600_000);
    assert.notEqual(pools.of(chosen, { paths: [] }, '/layers/x'), empty);
    await assert.rejects(
      async () => {
        await pools.closeStale();
        await empty.acquire('a');
      },
      { code: 'draining' },
    );
    await pools.close();
  });
});
