import assert from 'node:assert/strict';
import { afterEach, describe, it, mock } from 'node:test';
import { pino } from 'pino';
import type { ProgramUse, WarmDemand, WarmProgram } from '@soulbox/plugin-sdk';
import { ScriptedDriver } from '@soulbox/plugin-sdk/testing';
import { configFrom } from '../../src/config/load.ts';
import { HookBus } from '../../src/hooks/hook-bus.ts';
import { WarmPrograms } from '../../src/sandboxes/warm-programs.ts';
import { gate, until } from '../support/scripted-host.ts';

const warnings: string[] = [];
const log = pino({ level: 'warn' }, { write: (line) => void warnings.push(line) });
const owner = { id: 'test', log, signal: new AbortController().signal };

const programOf = (name: string): WarmProgram => ({ kind: 'fork', argv: [`/${name}`], env: {}, startVariables: [] });
const turn = () => new Promise((resolve) => setImmediate(resolve));
/** Long enough for what is done off everybody's path, where no driver or hook keeps it waiting. */
const turns = async () => {
  for (let n = 0; n < 10; n++) await turn();
};

async function make(given: Record<string, unknown> = {}, capabilities: readonly 'warm'[] = ['warm']) {
  const { sandbox: settings, executions } = configFrom({ sandbox: given }).config;
  const driver = new ScriptedDriver();
  driver.report = { ...driver.report, capabilities };
  const boxes = await Promise.all([1, 2, 3].map(() => driver.create({ paths: [], labels: {} })));
  const hooks = new HookBus();
  const chosen = { name: 'scripted', driver, report: driver.report };
  const programs = new WarmPrograms({ chosen, hooks, settings, limits: executions.limits, log });
  const told = () => driver.warmed.map(({ sandboxId, program, count }) => `${sandboxId} ${program.argv[0]} ${count}`);
  const use = (box: string, name: string, limits = executions.limits) =>
    programs.used(box, 'a', { language: name, version: '1', programs: [programOf(name)], limits });
  const [one = '', two = '', three = ''] = boxes.map(({ id }) => id);
  return { programs, driver, hooks, told, use, limits: executions.limits, boxes: { one, two, three } };
}

describe('programs that wait', () => {
  afterEach(() => {
    mock.timers.reset();
    warnings.length = 0;
  });

  it('as many as configured wait in a box once one of them was used, and the driver is told once', async () => {
    const { driver, use, told, limits, boxes } = await make({ warmPrograms: 3 });
    for (let n = 0; n < 5; n++) use(boxes.one, 'lisp')();
    await turns();
    assert.deepEqual(driver.warmed, [{ sandboxId: boxes.one, program: programOf('lisp'), limits, count: 3 }]);
    use(boxes.one, 'lisp', { ...limits, wallMs: 1 })();
    use(boxes.two, 'lisp')();
    await turns();
    assert.deepEqual(told().slice(1), [`${boxes.one} /lisp 3`, `${boxes.two} /lisp 3`]);
  });

  it('none wait where the configuration, or the driver, has none', async () => {
    for (const { programs, use, told, boxes } of [await make({ warmPrograms: 0 }), await make({}, [])]) {
      programs.boxReady(boxes.two);
      use(boxes.one, 'lisp')();
      await turns();
      assert.deepEqual(told(), []);
    }
  });

  it('the hook says how many, and knows what is used', async () => {
    const { hooks, use, told, limits, boxes } = await make();
    const asked: [number, ProgramUse][] = [];
    hooks.tap(owner, 'scaling.programs', ({ want }, about) => {
      asked.push([want, about]);
      return { want: about.running > 1 ? 9 : want };
    });
    const end = use(boxes.one, 'lisp');
    await turns();
    const { usedAt, at, ...about } = asked[0]![1];
    assert.ok(typeof usedAt === 'number' && usedAt <= at && at <= Date.now());
    const box = { driver: 'scripted', sandboxId: boxes.one, tenant: 'a' };
    assert.deepEqual(about, { ...box, language: 'lisp', version: '1', limits, waiting: 0, running: 1, uses: 1 });
    assert.equal(asked[0]![0], 2);
    const endOther = use(boxes.one, 'lisp');
    await turns();
    end();
    endOther();
    use(boxes.one, 'lisp')();
    await turns();
    assert.deepEqual(
      told(),
      [2, 9, 2].map((count) => `${boxes.one} /lisp ${count}`),
    );
  });

  it('a box that waits for a tenant has those that were used lately in any, with the usual limits', async () => {
    const { programs, driver, use, limits, told, boxes } = await make();
    programs.boxReady(boxes.two);
    use(boxes.one, 'lisp', { ...limits, wallMs: 1 })();
    await turns();
    programs.boxReady(boxes.three);
    await turns();
    assert.deepEqual(
      driver.warmed.flatMap(({ sandboxId, limits: ready }) => (sandboxId === boxes.one ? [] : [[sandboxId, ready]])),
      [
        [boxes.two, limits],
        [boxes.three, limits],
      ],
    );
    programs.boxTaken(boxes.two, 'b');
    use(boxes.one, 'forth')();
    await turns();
    assert.ok(!told().includes(`${boxes.two} /forth 2`), 'it has a tenant, who may never use it');
    assert.ok(told().includes(`${boxes.three} /forth 2`));
  });

  it('those that nobody uses for long are let go, but not while one runs', async () => {
    const { programs, use, told, boxes } = await make({ warmIdleMs: 20_000 });
    mock.timers.enable({ apis: ['Date'], now: 1_000 });
    const later = async (ms: number) => {
      mock.timers.tick(ms);
      programs.review();
      await turns();
    };
    programs.boxReady(boxes.two);
    const end = use(boxes.one, 'lisp');
    await turns();
    await later(30_000);
    assert.deepEqual(told().slice(2), [`${boxes.two} /lisp 0`], 'no box of a tenant to come expects it any more');
    end();
    await later(5_000);
    assert.deepEqual(told().slice(3), [`${boxes.one} /lisp 0`]);
    use(boxes.one, 'lisp')();
    await turns();
    await later(5_000);
    assert.deepEqual(told().slice(4).toSorted(), [`${boxes.one} /lisp 2`, `${boxes.two} /lisp 2`]);
  });

  it('only so many kinds wait in one box: the ones used longest ago give way', async () => {
    const { programs, use, told, boxes } = await make();
    for (let n = 0; n < 8; n++) use(boxes.one, `l${n}`)();
    await turns();
    use(boxes.one, 'l0')();
    for (const name of ['l8', 'l9']) use(boxes.one, name)();
    await turns();
    assert.deepEqual(
      told().slice(8).toSorted(),
      ['l1 0', 'l2 0', 'l8 2', 'l9 2'].map((what) => `${boxes.one} /${what}`),
    );
    programs.boxReady(boxes.two);
    await turns();
    assert.equal(told().filter((line) => line.startsWith(boxes.two)).length, 8);
  });

  it('a driver that fails is asked again after a while, and harms nobody', async () => {
    const { programs, driver, use, told, boxes } = await make();
    const warm = driver.warm.bind(driver);
    driver.warm = () => Promise.reject(new Error('not now'));
    for (let n = 0; n < 3; n++) {
      use(boxes.one, 'lisp')();
      await turns();
    }
    assert.equal(warnings.length, 1, 'said once');
    driver.warm = warm;
    programs.review();
    await turns();
    assert.deepEqual(told(), [`${boxes.one} /lisp 2`]);
    programs.boxGone(boxes.one);
  });

  it('a driver that does not answer is given up in time', async () => {
    const { driver, use, boxes } = await make({ probeMs: 1 });
    driver.warm = () => new Promise(() => {});
    use(boxes.one, 'lisp')();
    await until(() => warnings.length > 0);
    assert.match(warnings[0]!, /plugin_timeout/);
  });

  it('a box that is gone is forgotten, whatever is under way', async () => {
    const { programs, driver, use, told, boxes } = await make();
    const { passed, open } = gate();
    const warm = driver.warm.bind(driver);
    let calls = 0;
    driver.warm = async (id: string, demand: WarmDemand) => {
      calls += 1;
      await passed;
      await warm(id, demand);
    };
    const end = use(boxes.one, 'lisp');
    await until(() => calls > 0);
    use(boxes.one, 'forth');
    programs.boxGone(boxes.one);
    await driver.destroy(boxes.one);
    open();
    await turns();
    end();
    assert.deepEqual(told(), []);
    assert.deepEqual(warnings, []);
    assert.equal(calls, 1);
  });
});
