import assert from 'node:assert/strict';
import { afterEach, describe as suite, it, mock } from 'node:test';
import { pino } from 'pino';
import { LanguageRuntime, type LanguageInfo } from '@soulbox/plugin-sdk';
import { Languages } from '../../src/sandboxes/languages.ts';
import { Services } from '../../src/services.ts';

const info = (name: string, change: Partial<LanguageInfo> = {}): LanguageInfo => ({
  name,
  aliases: [],
  extensions: [],
  version: '1',
  available: true,
  reason: null,
  paths: [],
  canary: { code: '', stdout: '' },
  ...change,
});

function make(described: Readonly<Record<string, () => unknown>>) {
  const services = new Services();
  let calls = 0;
  const provide = (name: string, describe: () => unknown) =>
    services.provide(
      'test',
      LanguageRuntime,
      {
        describe: async () => {
          calls += 1;
          return describe();
        },
        plan: () => Promise.reject(new Error('not asked for')),
      },
      name,
    );
  for (const [name, describe] of Object.entries(described)) provide(name, describe);
  return { languages: new Languages(services, pino({ level: 'silent' })), services, provide, calls: () => calls };
}

const names = async (languages: Languages) => (await languages.list()).map((language) => language.info.name);

suite('languages', () => {
  afterEach(() => mock.timers.reset());

  it('are listed by name, and asked once until plugins come or go', async () => {
    const { languages, provide, calls } = make({ b: () => info('b'), a: () => info('a') });
    assert.deepEqual(await names(languages), ['a', 'b']);
    await languages.list();
    assert.equal(calls(), 2);
    const more = provide('c', () => info('c'));
    assert.deepEqual(await names(languages), ['a', 'b', 'c']);
    more[Symbol.dispose]();
    assert.deepEqual(await names(languages), ['a', 'b']);
    const replaced = provide('d', () => info('d'));
    await languages.list();
    replaced[Symbol.dispose]();
    provide('e', () => info('e'));
    assert.deepEqual(await names(languages), ['a', 'b', 'e'], 'as many as before, but not the same');
  });

  it('are found by name or alias, whatever the case', async () => {
    const { languages } = make({ a: () => info('alpha', { aliases: ['al'] }) });
    for (const name of ['alpha', 'ALPHA', 'al', 'Al']) assert.equal((await languages.find(name)).info.name, 'alpha');
  });

  it('are asked one by one: for the one that is wanted, and for what is known of all without their toolchains', async () => {
    const { languages, services, calls } = make({ a: () => info('a'), b: () => info('b') });
    assert.equal((await languages.find('a')).info.name, 'a');
    assert.equal(calls(), 1);
    let told = 0;
    const about = async () => {
      told += 1;
      return { name: 'c', aliases: ['see'], extensions: ['.c'] };
    };
    const describe = async () => info('c', { aliases: ['see'], paths: ['/usr/bin/c'] });
    const plan = () => Promise.reject(new Error('not asked for'));
    services.provide('test', LanguageRuntime, { describe, about, plan }, 'c');
    services.provide('test', LanguageRuntime, { describe, about: async () => ({}) as never, plan }, 'c@odd');
    const abouts = await languages.abouts();
    assert.deepEqual(
      abouts.map(({ name, aliases }) => [name, aliases]),
      [
        ['a', []],
        ['b', []],
        ['c', ['see']],
        ['c@odd', ['see@odd']],
      ],
      'one that tells nonsense about itself is described',
    );
    await languages.abouts();
    assert.equal(told, 1);
    assert.equal((await languages.find('SEE')).info.name, 'c');
    assert.deepEqual(languages.boxPaths(), ['/usr/bin/c']);
    assert.equal((await languages.list(1)).length, 4);
  });

  it('that are unknown are refused with what there is to know', async () => {
    const { languages } = make({ a: () => info('a'), b: () => info('b', { available: false, reason: 'install it' }) });
    for (const name of ['c', 'constructor', '__proto__', 'x'.repeat(1_000)])
      await assert.rejects(languages.find(name), {
        code: 'language_unknown',
        details: { field: 'language', languages: ['a', 'b'] },
      });
    assert.equal((await languages.find('b')).info.reason, 'install it', 'whether it can be used depends on the place');
  });

  it('need the paths of those that can be used', async () => {
    const { languages } = make({
      a: () => info('a', { paths: ['/usr/lib/x', '/usr/bin/a'] }),
      b: () => info('b', { paths: ['/usr/lib/x'] }),
      c: () => info('c', { paths: ['/opt/c'], available: false, reason: 'x' }),
    });
    assert.deepEqual(languages.boxPaths(), [], 'nobody asked for any');
    await languages.find('b');
    assert.deepEqual(languages.boxPaths(), ['/usr/lib/x']);
    await languages.list();
    assert.deepEqual(languages.boxPaths(), ['/usr/bin/a', '/usr/lib/x']);
    assert.equal(languages.boxPaths(), languages.boxPaths(), 'boxes are the same as long as this is');
  });

  for (const [what, describe, reason] of [
    ['throws', () => Promise.reject(new Error('/secret')), /^an internal error occurred$/],
    ['answers nothing', () => undefined, /./],
    ['leaves things out', () => ({ name: 'bad', available: true }), /aliases/],
  ] as const) {
    it(`one that ${what} is unavailable, and the others are not disturbed`, async () => {
      const { languages } = make({ bad: describe, fine: () => info('fine') });
      assert.deepEqual(await names(languages), ['bad', 'fine']);
      assert.equal((await languages.find('fine')).info.version, '1');
      assert.match((await languages.list())[0]?.info.reason ?? '', reason);
      assert.equal((await languages.find('bad')).info.available, false);
      assert.deepEqual(languages.boxPaths(), []);
    });
  }

  it('one that hangs is unavailable after a while', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const { languages } = make({ hangs: () => new Promise(() => {}), fine: () => info('fine') });
    const listing = languages.list();
    await new Promise((resolve) => setImmediate(resolve));
    mock.timers.tick(10_000);
    assert.deepEqual(
      (await listing).map((l) => [l.info.name, l.info.available]),
      [
        ['fine', true],
        ['hangs', false],
      ],
    );
  });
});

it('a second instance of a language is asked for by the name under which it is provided', async () => {
  const { languages } = make({
    lisp: () => info('lisp', { aliases: ['l'], version: '2' }),
    'lisp@old': () => info('lisp', { aliases: ['l'], version: '1' }),
  });
  assert.equal((await languages.find('lisp')).info.version, '2');
  assert.equal((await languages.find('lisp@old')).info.version, '1');
  assert.equal((await languages.find('l@old')).info.name, 'lisp@old');
});
