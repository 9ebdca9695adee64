import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageIn, packagesFolder } from '../../src/packages/places.ts';
import { stagePackage } from '../../src/packages/stage.ts';
import { failure } from '../support/expect.ts';
import { npmRegistry } from '../support/npm-registry.ts';
import { pluginHome, pluginJson } from '../support/plugin-home.ts';

const version = (number: string, more: object = {}) => ({ ...pluginJson, version: number, ...more });
const registry = (name: string, range = 'latest') => ({ kind: 'registry', name, range }) as const;

describe('a package out of a registry', () => {
  it('comes in the version that fits, with what it depends on and its peers, and without the SDK', async () => {
    await using home = await pluginHome();
    await using npm = await npmRegistry(home.folder);
    const needs = {
      dependencies: { needed: '^1.0.0' },
      peerDependencies: { ...pluginJson.peerDependencies, beside: '1' },
    };
    const library = (name: string, scripts = {}) => home.packed('1.0.0', { name, scripts, peerDependencies: {} });
    npm.publish(
      'plugin-p',
      { archive: await home.packed('1.0.0', needs), packageJson: version('1.0.0', needs) },
      { archive: await home.packed('2.0.0'), packageJson: version('2.0.0') },
    );
    const scripts = { postinstall: `touch ${home.folder}/ran` };
    npm.publish('needed', {
      archive: await library('needed', scripts),
      packageJson: { name: 'needed', version: '1.0.0', scripts, hasInstallScript: true },
    });
    npm.publish('beside', { archive: await library('beside'), packageJson: { name: 'beside', version: '1.0.0' } });
    await using staged = await stagePackage(join(home.folder, 'data'), registry('plugin-p', '^1.0.0'));
    assert.deepEqual([staged.manifest.version, staged.leftOut], ['1.0.0', ['needed@1.0.0']]);
    for (const name of ['plugin-p', 'needed', 'beside', '@soulbox/plugin-sdk'])
      assert.ok(existsSync(join(packageIn(staged.tree, name), 'package.json')), name);
    assert.ok(!existsSync(join(home.folder, 'ran')), 'an installation script was run');
    assert.ok(!npm.asked.some((path) => path.startsWith('@soulbox/')), String(npm.asked));
  });

  it('is refused when it has another name, or another content than the registry says', async () => {
    await using home = await pluginHome();
    await using npm = await npmRegistry(home.folder);
    npm.publish('plugin-p', {
      archive: await home.packed('1.0.0', { name: 'plugin-q' }),
      packageJson: version('1.0.0'),
    });
    const other = stagePackage(join(home.folder, 'data'), registry('plugin-p'));
    await assert.rejects(other, failure('package_refused', /asked for plugin-p, but .* is plugin-q/));
    const integrity = `sha512-${Buffer.alloc(64, 7).toString('base64')}`;
    npm.publish('plugin-t', {
      archive: await home.packed('1.0.0'),
      packageJson: version('1.0.0', { name: 'plugin-t' }),
      integrity,
    });
    const tampered = stagePackage(join(home.folder, 'data'), registry('plugin-t'));
    await assert.rejects(tampered, failure('package_unavailable', /EINTEGRITY/));
    assert.deepEqual(await readdir(packagesFolder(join(home.folder, 'data'))), []);
  });

  it('is not there, or a peer of it is not', async () => {
    await using home = await pluginHome();
    await using npm = await npmRegistry(home.folder);
    const peerDependencies = { missing: '^1.0.0' };
    npm.publish('plugin-p', {
      archive: await home.packed('1.0.0', { peerDependencies }),
      packageJson: version('1.0.0', { peerDependencies }),
    });
    for (const [spec, says] of [
      [registry('plugin-x'), /E404.*plugin-x/],
      [registry('plugin-p', '^3.0.0'), /ETARGET.*plugin-p@\^3\.0\.0/],
      [registry('plugin-p'), /E404.*missing/],
    ] as const)
      await assert.rejects(stagePackage(join(home.folder, 'data'), spec), failure('package_unavailable', says));
    assert.deepEqual(await readdir(packagesFolder(join(home.folder, 'data'))), []);
  });

  it('may not bring an SDK of its own by what it depends on', async () => {
    await using home = await pluginHome();
    await using npm = await npmRegistry(home.folder);
    const sdk = '@soulbox/plugin-sdk';
    const dependencies = { needed: '1.0.0' };
    const own = { [sdk]: '1.0.0' };
    const library = (name: string, more: object) => home.packed('1.0.0', { name, peerDependencies: {}, ...more });
    npm.publish('needed', {
      archive: await library('needed', { dependencies: own }),
      packageJson: { name: 'needed', version: '1.0.0', dependencies: own },
    });
    npm.publish(sdk, { archive: await library(sdk, {}), packageJson: { name: sdk, version: '1.0.0' } });
    const path = await home.packed('1.0.0', { dependencies });
    const staging = stagePackage(join(home.folder, 'data'), { kind: 'tarball', path });
    await assert.rejects(staging, failure('package_refused', /a dependency brings a @soulbox\/plugin-sdk of its own/));
  });
});

describe('an archive', () => {
  it('that is damaged, or reaches outside itself, leaves nothing', async () => {
    await using home = await pluginHome();
    const damaged = await home.file('damaged.tgz', 'no archive');
    const climbing = await home.packed('1.0.0', {}, { '../../climbed.js': 'gotcha' });
    for (const path of [damaged, climbing])
      await assert.rejects(
        stagePackage(join(home.folder, 'data'), { kind: 'tarball', path }),
        failure('package_refused'),
      );
    assert.deepEqual(await readdir(packagesFolder(join(home.folder, 'data'))), []);
  });
});
