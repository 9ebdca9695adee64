import assert from 'node:assert/strict';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { Host } from '../../src/host.ts';
import { locatePackage, verifiedPackage } from '../../src/packages/locate.ts';
import { packageIn, treeFolder } from '../../src/packages/places.ts';
import { failure } from '../support/expect.ts';
import { pluginHome, type Entry, type PluginHome } from '../support/plugin-home.ts';
import { setVariables } from '../support/variables.ts';

async function added(...options: readonly string[]): Promise<{ home: PluginHome; folder: string }> {
  const home = await pluginHome();
  const { code, stderr } = await home.plugins('add', await home.packed('1.0.0'), '--yes', ...options);
  assert.equal(code, 0, stderr);
  const entry = (await home.entries())['p'] as Entry;
  return { home, folder: packageIn(treeFolder(join(home.folder, 'data'), 'p', entry), 'plugin-p') };
}

async function entryIn(home: PluginHome) {
  const loaded = await loadConfig({ file: home.config });
  const entry = loaded.config.plugins['p'];
  return { loaded, entry: entry || assert.fail('no entry') };
}

describe('a package that was added', () => {
  it('runs only as long as its files are those that were added', async () => {
    const { home, folder } = await added();
    await using _home = home;
    const { loaded, entry } = await entryIn(home);
    assert.equal((await verifiedPackage('p', entry, loaded)).folder, folder);
    const code = join(folder, 'index.js');
    const good = await readFile(code, 'utf8');
    using _ran = setVariables({ SOULBOX_TEST_RAN: undefined });
    await writeFile(code, `process.env.SOULBOX_TEST_RAN = '1';\n${good}`);
    assert.equal((await locatePackage('p', entry, loaded)).folder, folder);
    await assert.rejects(verifiedPackage('p', entry, loaded), failure('plugin_integrity', /added as plugin p$/));
    const host = new Host({ config: loaded, listen: false });
    await host.start();
    try {
      const record = host.plugins.find(({ id }) => id === 'p');
      assert.deepEqual([record?.state, record?.error?.code], ['failed', 'plugin_integrity']);
      assert.equal(process.env['SOULBOX_TEST_RAN'], undefined, 'the code was run');
      await writeFile(code, good);
      const reload = {
        principal: { id: 'x', tenant: 'x', roles: [], scopes: ['*'] },
        requestId: 'r',
        signal: new AbortController().signal,
      };
      await host.api.call('plugins.reload', { id: 'p' }, reload);
      assert.equal(record?.state, 'active');
      await writeFile(join(folder, 'more.js'), '');
      await assert.rejects(
        Promise.resolve(host.api.call('plugins.reload', { id: 'p' }, reload)),
        failure('plugin_integrity'),
      );
      assert.equal(record?.state, 'active', 'what runs goes on');
    } finally {
      await host.stop();
    }
  });

  it('is not found when its files are gone, or its entry names something else', async () => {
    const { home, folder } = await added();
    await using _home = home;
    const { loaded, entry } = await entryIn(home);
    const odd = { ...entry, package: '../../../../other' };
    await assert.rejects(verifiedPackage('p', odd, loaded), failure('plugin_not_found'));
    await rename(folder, `${folder}-away`);
    await assert.rejects(
      verifiedPackage('p', entry, loaded),
      failure('plugin_not_found', /plugin-p 1\.0\.0 is not in the data folder/),
    );
    await assert.rejects(locatePackage('p', entry, loaded), failure('plugin_not_found'));
    await rm(`${folder}-away`, { recursive: true });
  });

  it('finds the SDK again after the host was moved', async () => {
    const { home, folder } = await added();
    await using _home = home;
    const { loaded, entry } = await entryIn(home);
    await rm(join(folder, '../@soulbox/plugin-sdk'));
    await verifiedPackage('p', entry, loaded);
    assert.match(await readFile(join(folder, '../@soulbox/plugin-sdk/package.json'), 'utf8'), /plugin-sdk/);
  });
});

describe('an entry of the configuration', () => {
  it('has a version and an integrity, or neither, and both as they are written', async () => {
    await using home = await pluginHome();
    const integrity = `sha512-${'A'.repeat(86)}==`;
    const load = async (entry: object) => {
      const text = JSON.stringify({ extends: 'none', plugins: { p: { package: 'p', ...entry } } });
      return loadConfig({ file: await home.file('other.yaml', text) });
    };
    await load({ version: '1.0.0', integrity });
    for (const entry of [{ version: '1.0.0' }, { integrity }])
      await assert.rejects(load(entry), failure('config_invalid', /plugins\.p\.integrity: goes with a version/));
    for (const version of ['../1', 'v1.0.0', '1'])
      await assert.rejects(
        load({ version, integrity }),
        failure('config_invalid', /plugins\.p\.version: must be a semantic/),
      );
  });
});
