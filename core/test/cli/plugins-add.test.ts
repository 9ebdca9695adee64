import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { soulbox } from '../support/cli-home.ts';
import { pluginHome, pluginJson, type Entry } from '../support/plugin-home.ts';
import { setVariables } from '../support/variables.ts';

describe('soulbox plugins add', () => {
  it('installs an archive, writes it into the configuration, and the plugin then runs', async () => {
    await using home = await pluginHome();
    const added = await home.plugins('add', await home.packed('1.0.0'), '--yes');
    assert.equal(added.code, 0, added.stderr);
    assert.match(
      added.stdout,
      /plugin p: plugin-p 1\.0\.0, made for soulbox \^1\.0\.0\nit wants to:\n {2}add the operations p\.version\n/,
    );
    assert.match(added.stdout, /in a process of its own/);
    const { p, store } = await home.entries();
    const { version, integrity, ...rest } = p as Entry;
    assert.deepEqual([version, rest], ['1.0.0', { package: 'plugin-p', isolation: 'process' }]);
    assert.deepEqual(store, { package: './store' });
    const ran = await soulbox(['p', 'version'], { home });
    assert.equal(ran.stdout, 'version:  1.0.0\n', ran.stderr);
    const [change, ...none] = await home.changes();
    assert.deepEqual(none, []);
    const { time, user, permissions, ...facts } = change ?? {};
    assert.ok(!Number.isNaN(Date.parse(time as string)) && user !== '');
    assert.deepEqual((permissions as { operations: string[] }).operations, ['p.version']);
    assert.deepEqual(facts, { action: 'add', id: 'p', package: 'plugin-p', from: null, to: '1.0.0', integrity });
    assert.ok(
      (await home.kept()).every((path) => !path.includes('staging')),
      String(await home.kept()),
    );
  });

  it('copies a folder as it would be packed', async () => {
    await using home = await pluginHome();
    await home.packed('1.0.0');
    const added = await home.plugins(
      'add',
      join(home.folder, 'packages/1'),
      '--yes',
      '--isolation',
      'inline',
      '--json',
    );
    assert.equal(added.code, 0, added.stderr);
    const report = JSON.parse(added.stdout) as Record<string, unknown>;
    assert.deepEqual([report['action'], report['isolation'], report['to']], ['add', 'inline', '1.0.0']);
    assert.match(added.stderr, /NOT separated, whatever the list says: crashes/);
    await writeFile(join(home.folder, 'packages/1/index.js'), 'broken');
    assert.equal((await soulbox(['p', 'version'], { home })).stdout, 'version:  1.0.0\n');
  });

  it('links a folder that is to be used as it lies there', async () => {
    await using home = await pluginHome();
    await home.packed('1.0.0', { peerDependencies: {} });
    const link = ['add', join(home.folder, 'packages/1'), '--link', '--yes'];
    assert.equal((await home.plugins(...link)).code, 0);
    assert.deepEqual((await home.entries())['p'], { package: './packages/1', isolation: 'process' });
    assert.deepEqual(await home.kept(), []);
    assert.equal((await home.plugins('remove', 'p')).code, 0);
    assert.ok((await readdir(join(home.folder, 'packages/1'))).includes('index.js'));
    await home.packed('1.0.0');
    const blind = await home.plugins('add', join(home.folder, 'packages/2'), '--link', '--yes');
    assert.match(blind.stderr, /package_refused: .* does not find beside it: @soulbox\/plugin-sdk/);
  });

  it('does nothing before somebody agrees', async () => {
    await using home = await pluginHome();
    const archive = await home.packed('1.0.0');
    const before = await home.configText();
    const asked = (stdin: string) => soulbox(['plugins', 'add', archive], { home, stdin, isTTY: true });
    const alone = await home.plugins('add', archive);
    assert.equal(alone.code, 2);
    assert.match(alone.stderr, /say --yes/);
    for (const answer of ['yesterday\n', '']) {
      const refused = await asked(answer);
      assert.deepEqual([refused.code, /Go ahead\? \[y\/N\] nothing was changed/.test(refused.stderr)], [1, true]);
    }
    assert.deepEqual([await home.configText(), await home.kept(), await home.changes()], [before, [], []]);
    assert.equal((await asked('y\n')).code, 0);
    assert.ok((await home.entries())['p']);
  });

  it('makes a configuration file where there is none', async () => {
    await using home = await pluginHome();
    const archive = await home.packed('1.0.0');
    const cwd = process.cwd();
    const empty = await home.file('empty/keep', '');
    using _variables = setVariables({
      XDG_CONFIG_HOME: home.folder,
      XDG_DATA_HOME: join(home.folder, 'user-data'),
      SOULBOX_CONFIG: undefined,
    });
    process.chdir(join(empty, '..'));
    try {
      const added = await soulbox(['plugins', 'add', archive, '--yes', '--id', 'p:new']);
      assert.equal(added.code, 0, added.stderr);
      assert.deepEqual((await readdir('.')).toSorted(), ['keep', 'soulbox.yaml']);
      const ran = await soulbox(['config', 'check']);
      assert.equal(ran.code, 0, ran.stderr);
    } finally {
      process.chdir(cwd);
    }
  });

  const calls: Record<string, readonly string[]> = {
    'no package': ['add'],
    'two packages': ['add', 'a', 'b'],
    'an address': ['add', 'https://example.com/x.tgz'],
    'a path that leads nowhere': ['add', './nowhere'],
    'an odd isolation': ['add', 'x', '--isolation', 'moon'],
    'a link to what is no folder': ['add', 'x', '--link'],
    'an unknown option': ['add', 'x', '--force'],
    'no plugin to update': ['update'],
    'an odd range': ['update', 'p', 'not a range'],
    'no plugin to remove': ['remove'],
  };
  for (const [what, args] of Object.entries(calls))
    it(`is told its usage for ${what}`, async () => {
      await using home = await pluginHome();
      if (what === 'an odd range') await home.plugins('add', await home.packed('1.0.0'), '--yes');
      const before = await home.configText();
      const { code, stderr } = await home.plugins(...args);
      assert.deepEqual([code, await home.configText()], [2, before], stderr);
    });

  it('is explained by the help', async () => {
    const { stdout } = await soulbox(['help']);
    for (const verb of ['add', 'remove', 'update']) assert.match(stdout, new RegExp(`soulbox plugins ${verb} `));
    const one = await soulbox(['plugins', 'add', '--help']);
    assert.match(one.stdout, /^soulbox plugins add PACKAGE/);
  });
});

describe('a plugin that must not be added', () => {
  const scripts = { postinstall: 'touch /tmp/soulbox-ran' };
  const another = { ...pluginJson.soulbox, id: 'store' };
  const cases: Record<string, [change: Record<string, unknown>, says: RegExp]> = {
    'runs code while it is installed': [{ scripts }, /package_refused: .*postinstall/],
    'is made for another host': [{ engines: { soulbox: '^7.0.0' } }, /plugin_engine_mismatch/],
    'has the id of another': [{ soulbox: another }, /conflict: a plugin store is configured/],
    'has the package name of another': [{ name: 'store' }, /conflict: package store is configured as plugin store/],
    'hides an operation': [
      { soulbox: { ...pluginJson.soulbox, permissions: { operations: ['plugins.list'] } } },
      /conflict: .*operation plugins\.list/,
    ],
    'finds no place for its isolation': [
      { soulbox: { ...pluginJson.soulbox, isolation: ['process'] } },
      /plugin_manifest_invalid: .*isolation "inline", only process/,
    ],
    'needs what cannot be installed beside it': [
      { peerDependencies: { other: 'workspace:*' } },
      /package_refused: .*needs other beside it/,
    ],
  };
  for (const [what, [change, says]] of Object.entries(cases))
    it(`because it ${what}`, async () => {
      await using home = await pluginHome();
      const before = await home.configText();
      const extra = what.includes('isolation') ? ['--isolation', 'inline'] : [];
      const { code, stderr } = await home.plugins('add', await home.packed('1.0.0', change), '--yes', ...extra);
      assert.match(stderr, says);
      assert.deepEqual([code, await home.configText(), await home.kept(), await home.changes()], [125, before, [], []]);
    });

  it('because another is there under the id that was asked for, which is told at once', async () => {
    await using home = await pluginHome();
    const { stderr } = await home.plugins('add', await home.packed('1.0.0'), '--id', 'store');
    assert.match(stderr, /conflict: a plugin store is configured at .*soulbox\.yaml:\d+/);
    const odd = await home.plugins('add', await home.packed('1.0.0'), '--id', 'Not Kebab');
    assert.match(odd.stderr, /invalid_params: the id "Not Kebab"/);
  });

  it('because nobody provides what it requires', async () => {
    await using home = await pluginHome();
    const settings = { extends: 'none', host: { dataDir: './data' }, plugins: {} };
    await writeFile(home.config, JSON.stringify(settings));
    const archive = await home.packed('1.0.0', { soulbox: { ...pluginJson.soulbox, requires: ['store@1.0.0'] } });
    const { stderr } = await home.plugins('add', archive, '--yes');
    assert.match(stderr, /capability_missing: p \(the package to add\) requires store@1\.0\.0/);
  });

  it('because the file cannot be written, and nothing is changed then', async () => {
    await using home = await pluginHome();
    const archive = await home.packed('1.0.0');
    const long = await home.file(`${'n'.repeat(246)}.yaml`, await home.configText());
    const { code, stderr } = await soulbox(['plugins', 'add', archive, '--yes', '--config', long]);
    assert.equal(code, 125);
    assert.match(stderr, /config_not_writable: .*ENAMETOOLONG/);
    assert.deepEqual(await home.changes(), []);
  });

  it('because npm is not there', async () => {
    await using home = await pluginHome();
    const archive = await home.packed('1.0.0');
    using _path = setVariables({ PATH: home.folder });
    const { stderr } = await home.plugins('add', archive, '--yes');
    assert.match(stderr, /npm_missing: .*\nInstall npm/);
    assert.deepEqual(await home.kept(), []);
  });
});
