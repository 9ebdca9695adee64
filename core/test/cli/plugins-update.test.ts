import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { soulbox } from '../support/cli-home.ts';
import { pluginHome, pluginJson, type Entry, type PluginHome } from '../support/plugin-home.ts';

async function withPlugin(change: Readonly<Record<string, unknown>> = {}): Promise<PluginHome> {
  const home = await pluginHome();
  const added = await home.plugins('add', await home.packed('1.0.0', change), '--yes');
  assert.equal(added.code, 0, added.stderr);
  return home;
}

function wanting(permissions: object, more: object = {}): Readonly<Record<string, unknown>> {
  return { soulbox: { ...pluginJson.soulbox, permissions, ...more } };
}

describe('soulbox plugins update', () => {
  it('shows what changes, keeps the settings, and the new version then runs', async () => {
    await using home = await withPlugin();
    const text = await home.configText();
    await writeFile(home.config, text.replace('"package": "plugin-p"', '"package": "plugin-p", "required": true'));
    const archive = await home.packed('1.1.0', wanting({ operations: ['p.version'], network: ['example.com:443'] }));
    const updated = await home.plugins('update', 'p', archive, '--yes');
    assert.equal(updated.code, 0, updated.stderr);
    assert.match(
      updated.stdout,
      /it wants to:\n {2}add the operations p\.version\n\+ talk over the network to example\.com:443\n/,
    );
    const { p } = (await home.entries()) as { p: Entry & { required: boolean } };
    assert.deepEqual([p.version, p.required, p.isolation], ['1.1.0', true, 'process']);
    assert.equal((await soulbox(['p', 'version'], { home })).stdout, 'version:  1.1.0\n');
    const { time: _time, user: _user, permissions, ...facts } = (await home.changes()).at(-1) ?? {};
    assert.deepEqual((permissions as { network: string[] }).network, ['example.com:443']);
    const expected = { action: 'update', id: 'p', package: 'plugin-p', from: '1.0.0', to: '1.1.0' };
    assert.deepEqual(facts, { ...expected, integrity: p.integrity });
    // A host that runs may still be using the version before.
    assert.equal((await home.kept()).filter((path) => /^p\/1\.\d\.0-[0-9a-f]{16}$/.test(path)).length, 2);
  });

  it('shows permissions that are not wanted any more, and does nothing unless somebody agrees', async () => {
    await using home = await withPlugin(wanting({ operations: ['p.version'], processes: true }));
    const before = await home.configText();
    const archive = await home.packed('1.1.0');
    const asked = await soulbox(['plugins', 'update', 'p', archive], { home, stdin: 'no\n', isTTY: true });
    assert.match(asked.stdout, /\n- start programs\n/);
    assert.deepEqual([asked.code, await home.configText()], [1, before]);
  });

  it('changes nothing when there is nothing new', async () => {
    await using home = await withPlugin();
    const before = await home.configText();
    const same = await home.plugins('update', 'p', await home.packed('1.0.0'));
    assert.deepEqual([same.code, same.stdout], [0, 'plugin p is 1.0.0, which is what there is\n']);
    const json = await home.plugins('update', 'p', await home.packed('1.0.0'), '--json');
    assert.equal((JSON.parse(json.stdout) as { action: string }).action, 'none');
    assert.deepEqual([await home.configText(), (await home.changes()).length], [before, 1]);
  });

  it('takes the same version anew when its content is another, and says so', async () => {
    await using home = await withPlugin();
    const rebuilt = await home.packed('1.0.0', {}, { 'more.js': '' });
    const updated = await home.plugins('update', 'p', rebuilt, '--yes', '--json');
    assert.deepEqual((JSON.parse(updated.stdout) as { notes: string[] }).notes, [
      'the same version, with other content',
    ]);
  });

  it('goes back to an older version only when told to', async () => {
    await using home = await withPlugin({ version: '2.0.0' });
    const older = await home.packed('1.9.0');
    const refused = await home.plugins('update', 'p', older, '--yes');
    assert.match(refused.stderr, /conflict: plugin p is 2\.0\.0: 1\.9\.0 is older; --downgrade/);
    assert.equal(((await home.entries())['p'] as Entry).version, '2.0.0');
    assert.equal((await home.plugins('update', 'p', older, '--yes', '--downgrade')).code, 0);
    assert.equal(((await home.entries())['p'] as Entry).version, '1.9.0');
  });

  it('puts files right that were tampered with', async () => {
    await using home = await withPlugin();
    const [tree = ''] = (await home.kept()).filter((path) => /-[0-9a-f]{16}$/.test(path));
    const file = join(home.folder, 'data/packages', tree, 'node_modules/plugin-p/index.js');
    const good = await readFile(file, 'utf8');
    await writeFile(file, 'process.exit(1)');
    const check = await soulbox(['config', 'check', '--config', home.config]);
    assert.match(
      check.stderr,
      /plugins\.p: plugin_integrity: the files of plugin-p 1\.0\.0 are not those that were added/,
    );
    const mended = await home.plugins('update', 'p', await home.packed('1.0.0'), '--yes');
    assert.equal(mended.code, 0, mended.stderr);
    assert.match(mended.stdout, /^note: the files were not those that were added$/m);
    assert.equal(await readFile(file, 'utf8'), good);
    assert.equal((await soulbox(['config', 'check', '--config', home.config])).code, 0);
  });

  const refused: Record<string, [change: Readonly<Record<string, unknown>>, says: RegExp]> = {
    'another package': [
      { name: 'plugin-q' },
      /package_refused: plugin p is plugin-p, but the package that came is plugin-q/,
    ],
    'another plugin': [wanting({}, { id: 'q' }), /package_refused: plugin p is plugin-p/],
    'a version for another host': [{ engines: { soulbox: '^9.0.0' } }, /plugin_engine_mismatch/],
    'a version that hides an operation': [wanting({ operations: ['host.info'] }), /conflict: .*operation host\.info/],
    'a version that cannot run where it does': [
      wanting({}, { isolation: ['inline'] }),
      /isolation "process", only inline/,
    ],
  };
  for (const [what, [change, says]] of Object.entries(refused))
    it(`refuses ${what}`, async () => {
      await using home = await withPlugin();
      const before = [await home.configText(), await home.kept(), await home.changes()];
      const { code, stderr } = await home.plugins('update', 'p', await home.packed('1.1.0', change), '--yes');
      assert.match(stderr, says);
      assert.deepEqual([code, await home.configText(), await home.kept(), await home.changes()], [125, ...before]);
    });

  it('refuses a version without which others cannot be', async () => {
    await using home = await withPlugin(wanting({}, { provides: ['x.y@1.0.0'] }));
    const text = JSON.stringify({
      extends: 'none',
      host: { dataDir: './data' },
      plugins: { p: (await home.entries())['p'] },
    });
    await writeFile(home.config, text);
    const user = await home.packed('1.0.0', {
      name: 'plugin-u',
      soulbox: { ...pluginJson.soulbox, id: 'u', requires: ['x.y@1.0.0'], permissions: {} },
    });
    assert.equal((await home.plugins('add', user, '--yes')).code, 0);
    const without = await home.plugins('update', 'p', await home.packed('2.0.0', wanting({})), '--yes');
    assert.match(without.stderr, /capability_missing: u \(.*soulbox\.yaml:\d+\) requires x\.y@1\.0\.0/);
    const needed = await home.plugins('remove', 'p');
    assert.match(needed.stderr, /conflict: plugin p is needed: without it u .* requires x\.y@1\.0\.0.*--force/);
    assert.equal((await home.plugins('remove', 'p', '--force')).code, 0);
  });

  it('has nothing to update of a plugin that is not there, or was not added', async () => {
    await using home = await pluginHome();
    assert.match((await home.plugins('update', 'p')).stderr, /not_found: no plugin p is configured/);
    assert.match((await home.plugins('update', 'store')).stderr, /conflict: .*\.\/store is used as it lies there/);
  });
});

describe('soulbox plugins remove', () => {
  it('takes the entry and the files away', async () => {
    await using home = await withPlugin();
    const { p } = await home.entries();
    const removed = await home.plugins('remove', 'p', '--json');
    assert.equal(removed.code, 0, removed.stderr);
    assert.deepEqual(Object.keys(await home.entries()), ['store', 'sandbox']);
    assert.deepEqual(await home.kept(), ['p']);
    const { time: _time, user: _user, ...facts } = (await home.changes()).at(-1) ?? {};
    const expected = { action: 'remove', id: 'p', package: 'plugin-p', from: '1.0.0', to: null, permissions: null };
    assert.deepEqual(facts, { ...expected, integrity: (p as Entry).integrity });
    assert.match((await home.plugins('remove', 'p')).stderr, /not_found/);
    const again = await home.plugins('add', await home.packed('1.0.0'), '--yes');
    assert.equal(again.code, 0, again.stderr);
  });

  it('leaves out a plugin of the default configuration, which may come back as another', async () => {
    await using home = await pluginHome();
    const defaults = await home.file('default.yaml', 'extends: none\nplugins:\n  tools: { package: ./tools }\n');
    const { main } = await import('../../src/cli/main.ts');
    await writeFile(home.config, (await home.configText()).replace('"extends": "none"', '"extends": "default"'));
    const code = await main(['plugins', 'remove', 'tools', '--config', home.config], { defaultConfig: defaults });
    assert.deepEqual([code, (await home.entries())['tools']], [0, false]);
    const archive = await home.packed('1.0.0', { name: 'plugin-tools' });
    assert.equal((await home.plugins('add', archive, '--id', 'tools', '--yes')).code, 0);
    assert.equal(((await home.entries())['tools'] as Entry).package, 'plugin-tools');
  });

  it('takes a plugin away whose package is gone', async () => {
    await using home = await pluginHome();
    await writeFile(home.config, (await home.configText()).replace('./sandbox', './gone'));
    const removed = await home.plugins('remove', 'sandbox', '--json');
    const { from, package: name } = JSON.parse(removed.stdout) as { from: null; package: string };
    assert.deepEqual([from, name], [null, './gone']);
  });
});
