import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import {
  LanguageRuntime,
  SandboxDriver,
  SoulboxError,
  type ExecutionPlan,
  type ImageReport,
  type LanguageInfo,
  type PlanInput,
} from '@soulbox/plugin-sdk';
import { ScriptedDriver } from '@soulbox/plugin-sdk/testing';
import { configFrom } from '../../src/config/load.ts';
import { HookBus } from '../../src/hooks/hook-bus.ts';
import { Languages } from '../../src/sandboxes/languages.ts';
import { Placement } from '../../src/sandboxes/placement.ts';
import { Pools } from '../../src/sandboxes/pools.ts';
import { SandboxRegistry } from '../../src/sandboxes/registry.ts';
import { Services } from '../../src/services.ts';
import { Traffic } from '../../src/traffic.ts';
import { until } from '../support/scripted-host.ts';

const log = pino({ level: 'silent' });
const labels = { 'soulbox.language.version': '2.1', 'soulbox.language.versions': '2.1,2.0' };
const built: ImageReport = { available: true, reason: null, digest: 'sha256:0', labels };
const image = { reference: 'lisp:1', folder: '/image' };

/** A driver whose boxes are made of images. */
class ImageDriver extends ScriptedDriver {
  images: (reference: string) => Promise<ImageReport> = () => Promise.resolve(built);
  asked = 0;

  constructor() {
    super();
    this.report = { ...this.report, toolchains: 'image' };
  }

  image(reference: string): Promise<ImageReport> {
    this.asked += 1;
    return this.images(reference);
  }
}

function absent(): ScriptedDriver {
  const driver = new ScriptedDriver();
  driver.report = { ...driver.report, available: false, reason: 'no engine' };
  return driver;
}

class Lisp implements LanguageRuntime {
  info: LanguageInfo = {
    name: 'lisp',
    aliases: [],
    extensions: ['.lisp'],
    version: '1.2.3',
    versions: ['1.2.3', '1.1.0'],
    available: true,
    reason: null,
    paths: ['/usr/bin/lisp'],
    canary: { code: 'out canary', stdout: 'canary\n' },
  };
  planned: PlanInput[] = [];
  answer: (input: PlanInput) => ExecutionPlan = ({ files }) => ({
    ok: true,
    files: [{ path: 'main', content: files[0]?.content ?? new Uint8Array() }],
    stages: [{ name: 'run', argv: ['/lisp'], env: {} }],
  });

  describe = () => Promise.resolve(this.info);
  plan = async (input: PlanInput) => {
    this.planned.push(input);
    return this.answer(input);
  };
}

interface Options {
  readonly drivers: Readonly<Record<string, SandboxDriver>>;
  readonly info?: Partial<LanguageInfo>;
  readonly sandbox?: Readonly<Record<string, unknown>>;
  readonly executions?: Readonly<Record<string, unknown>>;
}

async function make({ drivers, info = {}, sandbox = {}, executions = {} }: Options) {
  const services = new Services();
  const provided = new Map(
    Object.entries(drivers).map(([name, driver]) => [name, services.provide('test', SandboxDriver, driver, name)]),
  );
  const lisp = new Lisp();
  lisp.info = { ...lisp.info, ...info };
  services.provide('test', LanguageRuntime, lisp, 'lisp');
  const { config } = configFrom({ sandbox: { ready: 0, ...sandbox }, executions });
  const registry = new SandboxRegistry(services, config.sandbox, log);
  const languages = new Languages(services, log);
  const settings = config.sandbox;
  const { limits } = config.executions;
  const isCurrent = registry.isCurrent.bind(registry);
  const pools = new Pools({ hooks: new HookBus(), settings, limits, log, traffic: new Traffic(), isCurrent });
  const placement = new Placement({ registry, languages, pools, settings, limits, log });
  const language = await languages.find('lisp');
  return { placement, language, languages, lisp, pools, services, provided };
}

describe('placement', () => {
  it('takes the only driver that can run a language, without trying it', async () => {
    const linux = new ScriptedDriver();
    const { placement, language } = await make({ drivers: { absent: absent(), linux } });
    const place = await placement.find(language);
    assert.deepEqual(
      [place.chosen.name, place.toolchain, place.version, place.base],
      ['linux', 'host', '1.2.3', { paths: ['/usr/bin/lisp'] }],
    );
    assert.equal(linux.ran.length, 0);
  });

  it('where there is a choice, takes the first whose canary prints what it should', async () => {
    const boxed = new ImageDriver();
    const linux = new ScriptedDriver();
    const { placement, language, lisp, pools } = await make({ drivers: { boxed, linux }, info: { image } });
    assert.equal((await placement.find(language)).chosen.name, 'boxed');
    assert.deepEqual([boxed.ran.length, linux.ran.length], [1, 0]);
    assert.equal(lisp.planned[0]?.toolchain, 'image');
    assert.deepEqual(boxed.created[0], { paths: [], image: 'lisp:1', labels: {} });
    await pools.close();
  });

  for (const [what, answer, problem] of [
    ['prints something else', { code: 'out wrong' }, 'it printed something else than it should'],
    ['fails', { code: 'exit 3' }, 'it ended as exit with 3'],
    ['does not end', { code: 'sleep 60000' }, 'it did not end within 20 ms'],
    ['kills the driver', { code: 'throw' }, 'the scripted driver fails as told'],
    ['is refused', { refused: 'not lisp' }, 'not lisp'],
    ['throws what is no error', { thrown: 'text' }, 'it failed'],
  ] as const) {
    it(`passes over a driver on which the canary ${what}`, async () => {
      const boxed = new ImageDriver();
      const { placement, language, lisp, pools } = await make({
        drivers: { boxed, linux: new ScriptedDriver() },
        info: { image },
        executions: { limits: { wallMs: 10 } },
      });
      const whole = lisp.answer;
      lisp.answer = (input) => {
        if (input.toolchain !== 'image') return whole(input);
        if ('refused' in answer) return { ok: false, message: answer.refused, diagnostics: [] };
        // oxlint-disable-next-line typescript/only-throw-error
        if ('thrown' in answer) throw answer.thrown;
        return whole({ ...input, files: [{ path: '', content: Buffer.from(answer.code) }] });
      };
      assert.equal((await placement.find(language)).chosen.name, 'linux');
      assert.deepEqual(await placement.survey(language), [
        { driver: 'boxed', problem: `its canary failed: ${problem}`, version: '2.1' },
        { driver: 'linux', problem: null, version: '1.2.3' },
      ]);
      await pools.close();
    });
  }

  it('believes a canary that works at the second try, and tells what one said that does not', async () => {
    const boxed = new ImageDriver();
    const drivers = { boxed, linux: new ScriptedDriver() };
    const { placement, language, lisp, pools } = await make({ drivers, info: { image } });
    const whole = lisp.answer;
    const failing = (input: Parameters<typeof whole>[0]) =>
      whole({ ...input, files: [{ path: '', content: Buffer.from('err no  such\nerr thing\nexit 3') }] });
    lisp.answer = (input) => {
      lisp.answer = whole;
      return failing(input);
    };
    assert.equal((await placement.find(language)).chosen.name, 'boxed');
    assert.equal(boxed.ran.length, 2);
    const again = await make({ drivers, info: { image } });
    again.lisp.answer = (input) => (input.toolchain === 'image' ? failing(input) : whole(input));
    assert.equal(
      (await again.placement.survey(again.language))[0]?.problem,
      'its canary failed: it ended as exit with 3: no such thing',
    );
    await pools.close();
    await again.pools.close();
  });

  it('says of each driver what a language lacks there', async () => {
    const boxed = new ImageDriver();
    const drivers = { absent: absent(), boxed, linux: new ScriptedDriver() };
    const { placement, language } = await make({ drivers, info: { available: false, reason: 'install lisp' } });
    await assert.rejects(placement.find(language), {
      code: 'language_unavailable',
      message: 'lisp: boxed: there is no image of it; linux: install lisp',
    });
    assert.deepEqual(await placement.survey(language), [
      { driver: 'absent', problem: 'no engine', version: '' },
      { driver: 'boxed', problem: 'there is no image of it', version: '' },
      { driver: 'linux', problem: 'install lisp', version: '' },
    ]);
    const [status] = await placement.describe();
    assert.deepEqual([status?.available, status?.driver], [false, null]);
    assert.equal(status?.reason, 'boxed: there is no image of it; linux: install lisp');
    const nameless = await make({ drivers: { linux: new ScriptedDriver() }, info: { available: false, reason: null } });
    await assert.rejects(nameless.placement.find(nameless.language), { message: 'lisp: not available' });
  });

  it('where no driver works, says so and not that the language is missing', async () => {
    const { placement, language } = await make({ drivers: { absent: absent() } });
    await assert.rejects(placement.find(language), { code: 'sandbox_unavailable', message: 'absent: no engine' });
    const [status] = await placement.describe();
    assert.deepEqual([status?.available, status?.version, status?.driver], [true, '1.2.3', null]);
    const without = await make({ drivers: {}, info: { available: false, version: '', reason: 'install it' } });
    const [lacking] = await without.placement.describe();
    assert.deepEqual([lacking?.available, lacking?.reason, lacking?.versions], [false, 'install it', []]);
  });

  for (const [what, images, problem] of [
    ['is not there', async () => ({ ...built, available: false, reason: 'build it' }), 'build it'],
    ['is not there for no reason', async () => ({ ...built, available: false }), 'image lisp:1 is not available'],
    ['cannot be asked for', () => Promise.reject(new Error('/secret')), 'the driver failed'],
    ['is never told of', () => new Promise<never>(() => {}), /did not tell of image lisp:1 within 20 ms/],
  ] as const) {
    it(`says of an image that ${what}`, async () => {
      const boxed = new ImageDriver();
      boxed.images = images;
      const { placement, language } = await make({ drivers: { boxed }, info: { image }, sandbox: { probeMs: 20 } });
      const [status] = await placement.survey(language);
      if (typeof problem === 'string') assert.equal(status?.problem, problem);
      else assert.match(status?.problem ?? '', problem);
    });
  }

  it('a driver that wants images but knows none is no place', async () => {
    const odd = new ScriptedDriver();
    odd.report = { ...odd.report, toolchains: 'image' };
    const { placement, language } = await make({ drivers: { odd }, info: { image } });
    await assert.rejects(placement.find(language), { message: 'lisp: its driver knows no images' });
  });

  it('finds the version that is asked for, by its beginning too', async () => {
    const { placement, language } = await make({ drivers: { linux: new ScriptedDriver() } });
    assert.equal((await placement.find(language, '1.1')).version, '1.1.0');
    assert.equal((await placement.find(language, '1')).version, '1.2.3');
    await assert.rejects(placement.find(language, '1.2.'), {
      code: 'language_unknown',
      details: { field: 'version', versions: ['1.2.3', '1.1.0'] },
    });
    const boxed = new ImageDriver();
    const inImage = await make({ drivers: { boxed }, info: { image } });
    assert.equal((await inImage.placement.find(inImage.language, '2.0')).version, '2.0');
    boxed.images = async () => ({ ...built, labels: {} });
    const silent = await make({ drivers: { boxed }, info: { image } });
    assert.deepEqual((await silent.placement.find(silent.language)).versions, ['']);
  });

  it('keeps to the order that is configured for a language', async () => {
    const drivers = { a: new ScriptedDriver(), b: new ScriptedDriver() };
    const { placement, language, pools } = await make({ drivers, sandbox: { languages: { lisp: ['b'] } } });
    assert.equal((await placement.find(language)).chosen.name, 'b');
    await pools.close();
  });

  it('keeps what it found as long as the driver is there, asks for images again, and forgets what failed', async (t) => {
    const boxed = new ImageDriver();
    const { placement, language, provided } = await make({ drivers: { boxed, later: absent() }, info: { image } });
    const now = performance.now();
    await placement.find(language);
    await placement.find(language);
    assert.equal(boxed.asked, 1);
    t.mock.method(performance, 'now', () => now + 60_000);
    await placement.find(language);
    assert.equal(boxed.asked, 2);
    provided.get('boxed')?.[Symbol.dispose]();
    await assert.rejects(placement.find(language), { code: 'sandbox_unavailable' });
    await assert.rejects(placement.find(language), { code: 'sandbox_unavailable' });
  });

  it('looks for another place when no box can be made, and comes back when the better driver works again', async (t) => {
    const boxed = new ImageDriver();
    const { report } = boxed;
    const drivers = { boxed, linux: new ScriptedDriver() };
    const { placement, language, pools } = await make({ drivers, info: { image } });
    const place = await placement.find(language);
    assert.equal(place.chosen.name, 'boxed');
    (await placement.lease(language, place, 'a')).release(true);
    boxed.create = () => Promise.reject(new SoulboxError('runtime_unavailable', 'the engine is gone'));
    boxed.report = { ...report, available: false, reason: 'the engine is gone' };
    await assert.rejects(placement.lease(language, place, 'b'), { code: 'runtime_unavailable' });
    assert.equal((await placement.find(language)).chosen.name, 'linux');
    await assert.rejects(placement.lease(language, place, 'b'), { code: 'runtime_unavailable' });
    delete (boxed as Partial<ImageDriver>).create;
    boxed.report = report;
    assert.equal((await placement.find(language)).chosen.name, 'linux', 'what was tried just now is not tried again');
    const now = performance.now();
    t.mock.method(performance, 'now', () => now + 60_000);
    assert.equal((await placement.find(language)).chosen.name, 'linux', 'nobody waits for a driver that may be back');
    await until(() => boxed.ran.length === 2);
    await setImmediate();
    assert.equal((await placement.find(language)).chosen.name, 'boxed');
    await pools.close();
  });

  it('stays where it is when the driver is not to blame, or nothing else can be found', async (t) => {
    const boxed = new ImageDriver();
    const drivers = { absent: absent(), boxed };
    const { placement, language, pools } = await make({ drivers, info: { image } });
    const place = await placement.find(language);
    const now = performance.now();
    boxed.images = async () => ({ ...built, available: false });
    t.mock.method(performance, 'now', () => now + 60_000);
    assert.equal((await placement.find(language)).chosen.name, 'boxed');
    await setImmediate();
    assert.equal((await placement.find(language)).chosen.name, 'boxed');
    await pools.close();
    await assert.rejects(placement.lease(language, place, 'a'), { code: 'draining' });
    assert.equal((await placement.find(language)).chosen.name, 'boxed');
  });

  it('does not use a language whose canary fails, and comes back to it when that works', async (t) => {
    const linux = new ScriptedDriver();
    const { placement, language, lisp, pools } = await make({ drivers: { linux } });
    const working = lisp.answer;
    await placement.prove(language);
    await placement.prove(language);
    assert.equal(linux.ran.length, 1, 'it is tried once');
    const failing = await make({ drivers: { linux } });
    failing.lisp.answer = () => ({ ok: false, message: 'broken', diagnostics: [] });
    assert.equal((await failing.placement.find(failing.language)).chosen.name, 'linux', 'not tried yet');
    const refused = { code: 'language_unavailable', message: 'lisp: its canary failed: broken' };
    await assert.rejects(failing.placement.prove(failing.language), refused);
    await assert.rejects(failing.placement.find(failing.language), refused);
    assert.equal((await failing.placement.describeOne(failing.language)).reason, 'its canary failed: broken');
    failing.lisp.answer = working;
    const now = performance.now();
    t.mock.method(performance, 'now', () => now + 60_000);
    await assert.rejects(failing.placement.find(failing.language), refused, 'only its canary can show that it works');
    await until(() => linux.ran.length === 2);
    await setImmediate();
    assert.equal((await failing.placement.find(failing.language)).chosen.name, 'linux');
    await Promise.all([pools.close(), failing.pools.close()]);
  });

  it('goes to the next driver when the canary fails on the one in use', async (t) => {
    const boxed = new ImageDriver();
    const { report } = boxed;
    boxed.report = { ...report, available: false, reason: 'no engine' };
    const drivers = { linux: new ScriptedDriver(), boxed };
    const { placement, language, lisp, pools } = await make({ drivers, info: { image } });
    assert.equal((await placement.find(language)).chosen.name, 'linux');
    const working = lisp.answer;
    lisp.answer = (input) =>
      input.toolchain === 'host' ? { ok: false, message: 'broken', diagnostics: [] } : working(input);
    boxed.report = report;
    const now = performance.now();
    t.mock.method(performance, 'now', () => now + 60_000);
    await placement.prove(language);
    assert.equal((await placement.find(language)).chosen.name, 'boxed');
    await pools.close();
  });

  it('shows boxes the toolchains of languages that came later', async () => {
    const { placement, language, languages, services } = await make({ drivers: { linux: new ScriptedDriver() } });
    await placement.find(language);
    const other = new Lisp();
    other.info = { ...other.info, name: 'other', paths: ['/usr/bin/other'] };
    services.provide('test', LanguageRuntime, other, 'other');
    assert.deepEqual((await placement.find(language)).base.paths, ['/usr/bin/lisp'], 'nobody has asked for it yet');
    await languages.list();
    assert.deepEqual((await placement.find(language)).base.paths, ['/usr/bin/lisp', '/usr/bin/other']);
  });
});
