import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertInstallable, assertPeersSeen } from '../../src/packages/installable.ts';
import { sdkName } from '../../src/packages/sdk-link.ts';
import { failure } from '../support/expect.ts';
import { writePackage } from '../support/plugin-package.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const good = { name: 'p', version: '1.0.0', engines: { soulbox: '^1.0.0' }, soulbox: { id: 'p' } };

test('a package is told with the peers that it must find', async () => {
  const peerDependencies = { [sdkName]: '^1.0.0', needed: '^2.0.0', spare: '*' };
  const meta = { spare: { optional: true }, needed: {} };
  const given = { ...good, scripts: { test: 'x', prepare: 'y' }, peerDependencies, peerDependenciesMeta: meta };
  const { manifest, peers } = await assertInstallable(given, ['package.json']);
  assert.deepEqual([manifest.soulbox.id, peers], ['p', { needed: '^2.0.0' }]);
});

test('a package that runs code while it is installed is refused', async () => {
  for (const script of ['preinstall', 'install', 'postinstall'])
    await assert.rejects(
      assertInstallable({ ...good, scripts: { [script]: 'true' } }, []),
      failure('package_refused', /p@1\.0\.0 wants to run code while it is installed/, new RegExp(script)),
    );
  await assert.rejects(assertInstallable(good, ['binding.gyp']), failure('package_refused', /binding\.gyp/));
});

const refused: Record<string, [change: object, code: Parameters<typeof failure>[0], says: RegExp]> = {
  'another host': [{ engines: { soulbox: '^9.0.0' } }, 'plugin_engine_mismatch', /\^9\.0\.0/],
  'another Node.js': [{ engines: { soulbox: '^1.0.0', node: '<1' } }, 'plugin_engine_mismatch', /node <1/],
  'another SDK': [{ peerDependencies: { [sdkName]: '^9.0.0' } }, 'plugin_engine_mismatch', /plugin-sdk \^9\.0\.0/],
  'an SDK of its own': [{ dependencies: { [sdkName]: '^1.0.0' } }, 'package_refused', /must be a peer/],
  'a name that is a path': [{ name: '../p' }, 'package_refused', /name that is none/],
  'a peer from elsewhere': [{ peerDependencies: { x: 'file:../x' } }, 'package_refused', /needs x beside it/],
  'a peer with an odd name': [{ peerDependencies: { '../x': '1' } }, 'package_refused', /needs \.\.\/x/],
  'peers that are no map': [{ peerDependencies: 'x' }, 'plugin_manifest_invalid', /peerDependencies/],
  'no manifest': [{ soulbox: undefined }, 'plugin_manifest_invalid', /soulbox/],
};
for (const [what, [change, code, says]] of Object.entries(refused))
  test(`a package with ${what} is refused`, () =>
    assert.rejects(assertInstallable({ ...good, ...change }, []), failure(code, says)));

test('a folder must see its peers from where it lies', async () => {
  await using folder = await temporaryFolder();
  const peerDependencies = { near: '1', far: '1' };
  const path = await writePackage(folder, 'plugins/p', { packageJson: { peerDependencies } });
  await folder.write('plugins/p/node_modules/near/package.json', '{}');
  await assert.rejects(assertPeersSeen(path), failure('package_refused', /beside it: far; run npm install in it$/));
  await folder.write('node_modules/far/package.json', '{}');
  await assertPeersSeen(path);
});
