import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifest } from '../../src/plugins/manifest.ts';
import { failure } from '../support/expect.ts';

const good = { name: 'p', version: '1.0.0', engines: { soulbox: '^1.0.0' }, soulbox: { id: 'p' } };
const running = { soulbox: '1.4.2', node: '20.19.0' };
const forHost = (range: string) => ({ ...good, engines: { soulbox: range } });

test('what a manifest leaves out has the safe value', () => {
  const { soulbox } = parseManifest(good);
  const nothing = { hooks: [], operations: [], network: [], files: { read: [], write: [] }, secrets: [] };
  const permissions = { ...nothing, processes: false, addons: false, workers: false, docker: false };
  assert.deepEqual(soulbox, { id: 'p', isolation: ['inline'], permissions, commands: [] });
});

test('what is wrong is all said at once, by field', () => {
  const bad = {
    version: 'one',
    engines: { soulbox: '' },
    soulbox: { id: 'Not_Kebab', isolation: [], permissions: { hooks: 'all' }, client: { schemes: [''], export: 'x' } },
  };
  const fields = ['name', 'version', 'engines\\.soulbox', 'soulbox\\.id', 'soulbox\\.isolation'];
  const more = ['soulbox\\.permissions\\.hooks', 'soulbox\\.client\\.schemes\\.0', 'soulbox\\.client\\.export'];
  const named = [...fields, ...more].map((field) => new RegExp(`${field}: `));
  assert.throws(() => parseManifest(bad), failure('plugin_manifest_invalid', ...named));
});

test('what is no manifest at all is refused', () => {
  const others = [null, 5, 'text', [], {}, { ...good, soulbox: undefined }, { ...good, engines: undefined }];
  for (const value of others) assert.throws(() => parseManifest(value), failure('plugin_manifest_invalid'));
  const polluted: unknown = JSON.parse('{"__proto__": {"name": "p", "version": "1.0.0"}}');
  assert.throws(() => parseManifest(polluted), failure('plugin_manifest_invalid', /name/, /version/));
});

test('a range that does not bind a major version is not specific enough', () => {
  for (const range of [
    '*',
    '',
    '>=1',
    '>=1.0.0',
    '>1.2',
    '<2',
    '1 || 2',
    '>=1 <3',
    '^1 || ^3',
    '0.x || 1.x',
    '>=0.0.0',
  ])
    assert.throws(
      () => parseManifest({ ...good, engines: { soulbox: range || 'x' } }, running),
      failure('plugin_manifest_invalid', /must bind a major version/),
    );
});

test('what is no range is refused', () => {
  for (const range of ['latest', 'one', '^', '1..2', 'workspace:*', '^1.0.0 and more'])
    assert.throws(() => parseManifest(forHost(range), running), failure('plugin_manifest_invalid', /not a range/));
});

test('a plugin made for this host is accepted, one made for another is not', () => {
  for (const range of [
    '^1.0.0',
    '1',
    '1.x',
    '~1.4',
    '1.4.2',
    '>=1.2.0 <2.0.0',
    '>=1.4 <2',
    '1.0.0 - 1.9.9',
    '^1.0.0 || ~1.4',
  ])
    assert.equal(parseManifest(forHost(range), running).name, 'p');
  for (const range of ['^1.5.0', '^2.0.0', '0.x', '~1.3', '1.4.3', '<1.4.2 >=1.0.0', '^1.4.3-rc.1'])
    assert.throws(
      () => parseManifest(forHost(range), running),
      failure('plugin_engine_mismatch', /made for soulbox/, /1\.4\.2/),
    );
});

test('a pre-release of the host loads what is made for its release, and nothing made for another', () => {
  const rc = { ...running, soulbox: '1.5.0-rc.1' };
  for (const range of ['^1.0.0', '^1.5.0', '~1.5.0', '1.x', '^1.5.0-rc.1', '1.5.0-rc.1'])
    assert.equal(parseManifest(forHost(range), rc).name, 'p', range);
  for (const range of ['^1.5.1', '~1.4.0', '^2.0.0', '1.5.0-rc.2'])
    assert.throws(() => parseManifest(forHost(range), rc), failure('plugin_engine_mismatch'), range);
  const next = { ...running, soulbox: '2.0.0-rc.1' };
  for (const range of ['^1.0.0', '>=1.0.0 <2.0.0'])
    assert.throws(() => parseManifest(forHost(range), next), failure('plugin_engine_mismatch'), range);
});

test('the release of a host is not taken for one of its pre-releases', () => {
  assert.throws(() => parseManifest(forHost('1.4.2-rc.1'), running), failure('plugin_engine_mismatch'));
  assert.equal(parseManifest(forHost('^1.4.0-rc.1'), running).name, 'p');
});

test('a plugin may ask for a version of Node.js', () => {
  const forNode = (node: string) => ({ ...good, engines: { soulbox: '^1.0.0', node } });
  assert.equal(parseManifest(forNode('>=20.19'), running).name, 'p');
  for (const range of ['>=22', '<20', 'newest'])
    assert.throws(() => parseManifest(forNode(range), running), failure('plugin_engine_mismatch', /made for node/));
});
