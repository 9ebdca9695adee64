import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { pino } from 'pino';
import type { PoolUse, SandboxInfo, SandboxSpec } from '@soulbox/plugin-sdk';
import { ScriptedDriver } from '@soulbox/plugin-sdk/testing';
import { configFrom } from '../../src/config/load.ts';
import { HookBus } from '../../src/hooks/hook-bus.ts';
import { BoxPool } from '../../src/sandboxes/pool.ts';
import { gate, until } from '../support/scripted-host.ts';

const warnings: string[] = [];
const log = pino({ level: 'warn' }, { write: (line) => void warnings.push(line) });
const owner = { id: 'test', log, signal: new AbortController().signal };

/** A driver whose boxes are made one by one as the test says. */
class SteeredDriver extends ScriptedDriver {
  held: (() => void)[] | undefined;
  failures = 0;
  readonly signals: AbortSignal[] = [];

  override async create(spec: SandboxSpec, options?: { signal: AbortSignal }): Promise<SandboxInfo> {
    if (options) this.signals.push(options.signal);
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('no box today');
    }
    if (this.held) await new Promise<void>((resolve) => this.held?.push(resolve));
    return super.create(spec);
  }
}

async function make(given: Record<string, unknown> = {}, driver = new SteeredDriver()) {
  const { sandbox: settings, executions } = configFrom({ sandbox: { ready: 0, ...given } }).config;
  const hooks = new HookBus();
  const events: string[] = [];
  hooks.tap(owner, 'sandbox.created', ({ sandbox: box }) => void events.push(`created ${box.id}`));
  hooks.tap(owner, 'sandbox.destroyed', ({ id, reason }) => void events.push(`destroyed ${id} ${reason}`));
  const report = await driver.probe();
  const chosen = { name: 'scripted', driver, report };
  const pool = new BoxPool({
    chosen,
    hooks,
    settings,
    limits: executions.limits,
    log,
    base: { paths: ['/a'] },
    ahead: true,
  });
  return { pool, driver, hooks, events };
}

const alive = async (driver: ScriptedDriver) => (await driver.list()).map(({ id }) => id);

describe('box pool', () => {
  afterEach(() => mock.timers.reset());

  it('replaces a box that died while nothing ran in it, unless its driver does not tell', async () => {
    const { pool, driver, events } = await make();
    const first = await pool.acquire('a');
    first.release(true);
    const list = driver.list.bind(driver);
    driver.list = async () => (await list()).map((info) => ({ ...info, state: 'exited' as const }));
    const second = await pool.acquire('a');
    driver.list = list;
    assert.notEqual(second.sandboxId, first.sandboxId);
    await until(() => events.includes(`destroyed ${first.sandboxId} failed`));
    second.release(true);
    driver.list = () => Promise.reject(new Error('no answer'));
    assert.equal((await pool.acquire('a')).sandboxId, second.sandboxId);
    await pool.close();
  });

  it('gives a tenant its own box again, and never another tenant’s', async () => {
    const { pool, driver } = await make();
    const a1 = await pool.acquire('a');
    const a2 = await pool.acquire('a');
    const b = await pool.acquire('b');
    assert.equal(a1.sandboxId, a2.sandboxId);
    assert.notEqual(a1.sandboxId, b.sandboxId);
    for (const lease of [a1, a2, b]) lease.release(true);
    assert.equal((await pool.acquire('a')).sandboxId, a1.sandboxId);
    const c = await pool.acquire('c');
    assert.ok(![a1.sandboxId, b.sandboxId].includes(c.sandboxId), 'a free box of another is not reused');
    assert.equal(driver.created.length, 3);
    await pool.close();
    assert.deepEqual(await alive(driver), []);
  });

  it('makes one box for all who ask at once for a tenant', async () => {
    const { pool, driver } = await make();
    const leases = await Promise.all([1, 2, 3, 4].map(() => pool.acquire('a')));
    assert.equal(new Set(leases.map((lease) => lease.sandboxId)).size, 1);
    assert.equal(driver.created.length, 1);
    await pool.close();
  });

  it('keeps as many boxes ready as wanted, and gives each to one tenant', async () => {
    const { pool, driver } = await make({ ready: 2 });
    await pool.warm();
    assert.deepEqual(await alive(driver), ['scripted-1', 'scripted-2']);
    const [a, b] = await Promise.all([pool.acquire('a'), pool.acquire('b')]);
    assert.deepEqual([a.sandboxId, b.sandboxId], ['scripted-1', 'scripted-2']);
    await pool.warm();
    assert.equal((await alive(driver)).length, 4, 'those given away are made up for');
    await pool.close();
  });

  it('asks the scaling hook how many should wait, and ends those beyond it', async () => {
    const { pool, driver, hooks, events } = await make({ ready: 1 });
    let want = 3;
    const asked: PoolUse[] = [];
    hooks.tap(owner, 'scaling.signal', (_demand, load) => {
      asked.push(load);
      return { want };
    });
    hooks.tap(owner, 'scaling.changed', ({ from, to }) => void events.push(`scaled ${from} to ${to}`));
    await pool.warm();
    assert.equal((await alive(driver)).length, 3);
    want = 1;
    await pool.warm();
    await until(async () => (await alive(driver)).length === 1);
    const { at, ...load } = asked[0]!;
    assert.ok(at <= Date.now());
    assert.deepEqual(load, { driver: 'scripted', image: null, ready: 0, assigned: 0, taken: 0 });
    assert.deepEqual(
      events.filter((event) => event.startsWith('scaled')),
      ['scaled 0 to 3', 'scaled 3 to 1'],
    );
    assert.equal(events.filter((event) => event.endsWith(' idle')).length, 2);
    await pool.close();
  });

  it('keeps the box of a tenant that the scaling hook names, used or not, until it does not', async () => {
    const { pool, driver, hooks } = await make({ idleMs: 1_000 });
    let keep = ['a', 'b'];
    hooks.tap(owner, 'scaling.signal', (demand) => ({ ...demand, keep }));
    mock.timers.enable({ apis: ['setTimeout'] });
    await pool.warm();
    assert.deepEqual(pool.boxesOf('b').length, 1);
    (await pool.acquire('a')).release(true);
    mock.timers.tick(60_000);
    assert.equal((await alive(driver)).length, 2);
    keep = ['b'];
    await pool.warm();
    mock.timers.tick(1_000);
    mock.timers.reset();
    await until(async () => (await alive(driver)).length === 1);
    assert.equal(pool.boxesOf('b').length, 1);
    await pool.close();
  });

  it('replaces a box that is worn, and its tenant waits for nothing', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const { pool, driver, events } = await make({ ready: 1, maxUses: 2 });
    await pool.warm();
    const [first, second] = [await pool.acquire('a'), await pool.acquire('a')];
    await pool.warm();
    mock.timers.tick(5_000);
    await until(() => pool.boxesOf('a').length === 2);
    first.release(true);
    assert.ok(!events.includes(`destroyed ${first.sandboxId} outdated`), 'still in use by the other');
    second.release(true);
    await until(() => events.includes(`destroyed ${first.sandboxId} outdated`));
    driver.failures = 1;
    const [third, fourth] = [await pool.acquire('a'), await pool.acquire('a')];
    mock.timers.tick(5_000);
    await until(() => driver.failures === 0);
    assert.equal((await pool.acquire('a')).sandboxId, third.sandboxId, 'it stays where there is no other');
    fourth.release(true);
    await pool.close();
  });

  it('replaces boxes that have stood for long, also those that wait', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const { pool, driver, events } = await make({ ready: 1, maxAgeMs: 1 });
    await pool.warm();
    const [waiting] = await alive(driver);
    await new Promise((resolve) => setTimeout(resolve, 2));
    mock.timers.tick(5_000);
    await until(() => events.includes(`destroyed ${waiting} outdated`));
    await pool.close();
  });

  it('has what waited in a box wait in the one that takes its place', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const driver = new SteeredDriver();
    driver.report = { ...driver.report, capabilities: ['warm'] };
    const { pool } = await make({ maxUses: 1 }, driver);
    const lease = await pool.acquire('a');
    const program = { kind: 'fork', argv: ['/lisp'], env: {}, startVariables: [] } as const;
    const limits = configFrom({}).config.executions.limits;
    lease.uses({ language: 'lisp', version: '1', programs: [program], limits });
    await until(() => driver.warmed.length === 1);
    mock.timers.tick(5_000);
    await until(() => driver.warmed.some(({ sandboxId }) => sandboxId !== lease.sandboxId));
    lease.release(true);
    await pool.close();
  });

  it('takes a box away that its tenant left idle, but none in use', async () => {
    const { pool, driver, events } = await make({ idleMs: 1_000 });
    mock.timers.enable({ apis: ['setTimeout'] });
    const first = await pool.acquire('a');
    const second = await pool.acquire('a');
    first.release(true);
    mock.timers.tick(5_000);
    assert.equal((await alive(driver)).length, 1, 'still in use by the other');
    second.release(true);
    mock.timers.tick(900);
    const third = await pool.acquire('a');
    mock.timers.tick(5_000);
    assert.equal((await alive(driver)).length, 1, 'taken up in time');
    third.release(true);
    mock.timers.tick(1_000);
    mock.timers.reset();
    await until(() => events.includes('destroyed scripted-1 idle'));
    assert.deepEqual(await alive(driver), []);
    await pool.close();
  });

  it('replaces a broken box, and ends it when the last one has left it', async () => {
    const { pool, driver, events } = await make();
    const [broken, other] = [await pool.acquire('a'), await pool.acquire('a')];
    broken.release(false);
    broken.release(false);
    const fresh = await pool.acquire('a');
    assert.notEqual(fresh.sandboxId, broken.sandboxId);
    assert.equal((await alive(driver)).length, 2);
    other.release(true);
    await until(() => events.includes(`destroyed ${broken.sandboxId} failed`));
    assert.deepEqual(await alive(driver), [fresh.sandboxId]);
    await pool.close();
  });

  it('replaces its boxes as they become free when what they are made of changes', async () => {
    const { pool, driver, events } = await make({ ready: 1 });
    await pool.warm();
    const old = await pool.acquire('a');
    await pool.warm();
    pool.setBase({ paths: ['/a'] });
    await pool.warm();
    assert.equal(driver.created.length, 2, 'the same paths change nothing');
    pool.setBase({ paths: ['/a', '/b'] });
    await pool.warm();
    const fresh = await pool.acquire('a');
    assert.notEqual(fresh.sandboxId, old.sandboxId);
    assert.deepEqual(driver.created.at(-1)?.paths, ['/a', '/b']);
    assert.ok(events.includes('destroyed scripted-2 outdated'), 'the one that waited went at once');
    assert.ok((await alive(driver)).includes(old.sandboxId), 'the one in use stays');
    old.release(true);
    await until(() => events.includes(`destroyed ${old.sandboxId} outdated`));
    await pool.close();
  });

  it('hands out no box that lacks what is needed, though the pool was asked for less since', async () => {
    const { pool, driver } = await make();
    const lesser = await pool.acquire('a');
    const whole = await pool.acquire('a', ['/b']);
    assert.notEqual(whole.sandboxId, lesser.sandboxId);
    assert.deepEqual(driver.created.at(-1)?.paths, ['/a', '/b']);
    const again = await pool.acquire('a');
    assert.equal(again.sandboxId, whole.sandboxId);
    for (const lease of [lesser, whole, again]) lease.release(true);
    await pool.close();
  });

  it('never hands out a box that became outdated while it was made', async () => {
    const { pool, driver, events } = await make();
    driver.held = [];
    const acquiring = pool.acquire('a');
    await until(() => driver.held?.length === 1);
    pool.setBase({ paths: ['/b'] });
    driver.held.shift()?.();
    await until(() => driver.held?.length === 1);
    driver.held.shift()?.();
    const lease = await acquiring;
    assert.deepEqual(await alive(driver), [lease.sandboxId]);
    assert.ok(events.includes('destroyed scripted-1 outdated'));
    assert.deepEqual(
      driver.created.map((spec) => spec.paths),
      [['/a'], ['/b']],
    );
    await pool.close();
  });

  it('tells a failure to who asked, and tries again for the next', async () => {
    const { pool, driver } = await make({ ready: 1 });
    driver.failures = 2;
    await pool.warm();
    await assert.rejects(pool.acquire('a'), /no box today/);
    assert.ok((await pool.acquire('a')).sandboxId);
    await pool.close();
  });

  it('lets plugins change what a box is made of, and refuses when one fails', async () => {
    const { pool, driver, hooks } = await make();
    let fails = false;
    const change = (spec: SandboxSpec) => {
      if (fails) throw new Error('boom');
      return { ...spec, labels: { team: 'x' } };
    };
    hooks.tap(owner, 'sandbox.creating', change, {}, 'all');
    await pool.acquire('a');
    assert.deepEqual(driver.created[0], { paths: ['/a'], labels: { team: 'x' } });
    fails = true;
    await assert.rejects(pool.acquire('b'), { code: 'hook_failed' });
    await pool.close();
  });

  it('destroys what is still being made when it is closed, and gives nothing out any more', async () => {
    const { pool, driver } = await make({ ready: 1 });
    driver.held = [];
    const warming = pool.warm();
    const acquiring = assert.rejects(pool.acquire('a'), { code: 'draining' });
    await until(() => driver.held?.length === 2);
    const closing = pool.close();
    assert.ok(
      driver.signals.every((signal) => signal.aborted),
      'the driver is told',
    );
    for (const go of driver.held.splice(0)) go();
    await Promise.all([warming, acquiring, closing]);
    assert.deepEqual(await alive(driver), []);
    await assert.rejects(pool.acquire('b'), { code: 'draining' });
    await pool.warm();
    assert.equal(driver.created.length, 2);
  });

  it('complains of a box that could not be made ready, but not when that is because it was closed', async () => {
    const { pool, driver } = await make({ ready: 1 });
    warnings.length = 0;
    driver.failures = 1;
    await pool.warm();
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /no sandbox could be made ready ahead of need/);
    class Obedient extends SteeredDriver {
      override create(_spec: SandboxSpec, options?: { signal: AbortSignal }): Promise<SandboxInfo> {
        return new Promise((_, reject) =>
          options?.signal.addEventListener('abort', () => reject(new Error('given up as told'))),
        );
      }
    }
    const closing = await make({ ready: 1 }, new Obedient());
    const warming = closing.pool.warm();
    await new Promise((resolve) => setImmediate(resolve));
    await closing.pool.close();
    await warming;
    assert.equal(warnings.length, 1);
    await pool.close();
  });

  it('closes although a box cannot be destroyed, or not in time', async () => {
    class Sticky extends SteeredDriver {
      override destroy(id: string): Promise<void> {
        return id === 'scripted-1' ? Promise.reject(new Error('busy')) : new Promise(() => {});
      }
    }
    const { pool, events } = await make({ probeMs: 20 }, new Sticky());
    await pool.acquire('a');
    await pool.acquire('b');
    await pool.close();
    assert.deepEqual(events.slice(2).toSorted(), ['destroyed scripted-1 request', 'destroyed scripted-2 request']);
  });

  it('gives up on a box that is not made in time, and destroys it when it comes', async () => {
    const late = gate();
    class Late extends SteeredDriver {
      override async create(spec: SandboxSpec, options?: { signal: AbortSignal }): Promise<SandboxInfo> {
        if (options) this.signals.push(options.signal);
        await late.passed;
        return super.create(spec);
      }
    }
    const { pool, driver } = await make({ probeMs: 10 }, new Late());
    await assert.rejects(pool.acquire('a'), { code: 'sandbox_unavailable' });
    assert.equal(driver.signals[0]?.aborted, true);
    late.open();
    await until(() => driver.destroyed.length === 1);
    await pool.close();
  });
});
