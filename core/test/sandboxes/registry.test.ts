import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { isSoulboxError, SandboxDriver, type DriverReport, type SoulboxError } from '@soulbox/plugin-sdk';
import { ScriptedDriver } from '@soulbox/plugin-sdk/testing';
import { configFrom } from '../../src/config/load.ts';
import { SandboxRegistry } from '../../src/sandboxes/registry.ts';
import { Services } from '../../src/services.ts';

const log = pino({ level: 'silent' });
const working = new ScriptedDriver().report;

class Probed extends ScriptedDriver {
  probes = 0;
  private readonly answer: (options: { signal: AbortSignal }) => unknown;

  constructor(answer: (options: { signal: AbortSignal }) => unknown) {
    super();
    this.answer = answer;
  }

  override async probe(options?: { signal: AbortSignal }): Promise<DriverReport> {
    this.probes += 1;
    return (await this.answer(options ?? { signal: new AbortController().signal })) as DriverReport;
  }
}

const good = () => new Probed(() => working);
const absent = (reason: string | null, advice: string[] = []) =>
  new Probed(() => ({ ...working, available: false, reason, advice }));
const level = (value: string) => new Probed(() => ({ ...working, enforced: { ...working.enforced, level: value } }));

function make(drivers: Readonly<Record<string, SandboxDriver>>, settings: Record<string, unknown> = {}) {
  const services = new Services();
  for (const [name, driver] of Object.entries(drivers)) services.provide('test', SandboxDriver, driver, name);
  return { services, registry: new SandboxRegistry(services, configFrom({ sandbox: settings }).config.sandbox, log) };
}

async function refusal(registry: SandboxRegistry): Promise<SoulboxError> {
  try {
    await registry.choose();
  } catch (thrown) {
    if (isSoulboxError(thrown)) return thrown;
  }
  return assert.fail('a driver was chosen');
}

describe('sandbox registry', () => {
  it('takes the first that works, in the configured order, then those it does not name', async () => {
    const drivers = () => ({ a: good(), b: good(), c: good() });
    assert.equal((await make(drivers()).registry.choose()).name, 'a');
    assert.equal((await make(drivers(), { order: ['c', 'missing', 'b'] }).registry.choose()).name, 'c');
    const some = { a: good(), b: absent('x'), c: absent('y') };
    assert.equal((await make(some, { order: ['c', 'b'] }).registry.choose()).name, 'a');
  });

  it('takes only the one that is named', async () => {
    assert.equal((await make({ a: good(), b: good() }, { driver: 'b' }).registry.choose()).name, 'b');
    const error = await refusal(make({ a: good() }, { driver: 'b' }).registry);
    assert.deepEqual([error.code, error.message], ['sandbox_unavailable', 'there is no sandbox driver "b"']);
    const none = await refusal(make({}).registry);
    assert.deepEqual([none.code, none.message], ['sandbox_unavailable', 'no sandbox driver is configured']);
  });

  it('says why each is not used, and what to do', async () => {
    const error = await refusal(make({ a: absent('no namespaces', ['enable them']), b: absent(null) }).registry);
    assert.equal(error.code, 'sandbox_unavailable');
    assert.equal(error.message, 'a: no namespaces; b: not available');
    assert.deepEqual(error.details, {
      drivers: [
        { name: 'a', problem: 'no namespaces', advice: ['enable them'] },
        { name: 'b', problem: 'not available', advice: [] },
      ],
    });
  });

  it('never goes below the minimum of isolation', async () => {
    const error = await refusal(make({ a: level('weak') }).registry);
    assert.equal(error.code, 'isolation_insufficient');
    assert.match(error.message, /enforces only "weak", and sandbox.minimum is "standard"/);
    assert.equal((await make({ a: level('weak') }, { minimum: 'weak' }).registry.choose()).name, 'a');
    assert.equal(
      (await refusal(make({ a: level('standard') }, { minimum: 'strong' }).registry)).code,
      'isolation_insufficient',
    );
    assert.equal(
      (await refusal(make({ a: level('none') }, { minimum: 'weak' }).registry)).code,
      'isolation_insufficient',
    );
    assert.equal((await make({ a: level('strong') }, { minimum: 'strong' }).registry.choose()).name, 'a');
  });

  for (const [what, answer, problem] of [
    ['throws', () => Promise.reject(new Error('/secret')), 'an internal error occurred'],
    ['answers nothing', () => undefined, /./],
    ['leaves a wall out', () => ({ ...working, enforced: { level: 'strong' } }), /enforced\.seccomp/],
    ['makes up a level', () => ({ ...working, enforced: { ...working.enforced, level: 'best' } }), /enforced\.level/],
  ] as const) {
    it(`passes over a driver whose probe ${what}`, async () => {
      const { registry } = make({ bad: new Probed(answer), fine: good() });
      assert.equal((await registry.choose()).name, 'fine');
      const [bad] = await registry.inspectAll();
      assert.equal(bad?.report.available, false);
      assert.equal(bad.report.enforced.level, 'none');
      if (typeof problem === 'string') assert.equal(bad.problem, problem);
      else assert.match(bad.problem ?? '', problem);
    });
  }

  it('passes over a driver whose probe hangs, and tells it to stop', async () => {
    let told = false;
    const hanging = new Probed(({ signal }) => {
      signal.addEventListener('abort', () => (told = true));
      return new Promise(() => {});
    });
    const { registry } = make({ hanging, fine: good() }, { probeMs: 10 });
    assert.equal((await registry.choose()).name, 'fine');
    assert.equal(told, true);
  });

  it('finds out once and keeps it, but looks again after a refusal', async () => {
    const driver = good();
    const { registry } = make({ a: driver });
    await Promise.all([registry.choose(), registry.choose()]);
    await registry.choose();
    assert.equal(driver.probes, 1);
    let missing = true;
    const later = new Probed(() => ({ ...working, available: !missing, reason: 'not yet' }));
    const second = make({ a: later }).registry;
    await refusal(second);
    missing = false;
    assert.equal((await second.choose()).name, 'a');
  });

  it('does not keep a driver whose plugin is gone', async () => {
    const { registry, services } = make({ b: good() }, { order: ['a'] });
    const provided = services.provide('test', SandboxDriver, good(), 'a');
    assert.equal((await registry.choose()).name, 'a');
    provided[Symbol.dispose]();
    assert.deepEqual(await Promise.all([registry.choose(), registry.choose()]).then((all) => all.map((c) => c.name)), [
      'b',
      'b',
    ]);
  });
});
