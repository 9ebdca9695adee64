import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitOf } from '../../src/packages/fit.ts';
import type { Neighbour } from '../../src/packages/neighbours.ts';
import { ownOperations } from '../../src/operations/own-operations.ts';
import { assertNewPackage, assertShadowsNothing } from '../../src/packages/shadows.ts';
import { parseManifest } from '../../src/plugins/manifest.ts';
import { failure } from '../support/expect.ts';
import { scriptedHost } from '../support/scripted-host.ts';

function neighbour(id: string, soulbox: object = {}): Neighbour {
  const base = { name: `plugin-${id}`, version: '1.0.0', engines: { soulbox: '^1.0.0' } };
  return { id, where: `f.yaml:${id}`, manifest: parseManifest({ ...base, soulbox: { id, ...soulbox } }) };
}
const plugin = (id: string, provides: string[], requires: string[] = []) => neighbour(id, { provides, requires });
const codes = (before: Neighbour[], after: Neighbour[]) => fitOf(before, after).problems.map(({ code }) => code);

const store = plugin('store', ['store@1.2.0']);
const user = plugin('user', [], ['store@1.1.0']);

test('what is required must be provided, in a version that serves', () => {
  assert.deepEqual(codes([], [user]), ['capability_missing']);
  assert.deepEqual(codes([store], [store, user]), []);
  assert.deepEqual(codes([], [plugin('store', ['store@1.0.0']), user]), ['capability_missing']);
  assert.deepEqual(codes([], [plugin('store', ['store@2.0.0']), user]), ['capability_missing']);
  const [problem] = fitOf([store, user], [user]).problems;
  assert.match(problem?.message ?? '', /user \(f\.yaml:user\) requires store@1\.1\.0, which no other plugin provides/);
});

test('what may be missing may be missing, and what the host provides is there', () => {
  assert.deepEqual(codes([], [plugin('x', [], ['store@1.0.0?', 'cache@1.0.0?', 'api@1.0.0'])]), []);
});

test('of a contract with one provider there is one, of others there may be many', () => {
  assert.deepEqual(codes([store], [store, plugin('other', ['store@1.0.0'])]), ['capability_conflict']);
  const languages = [plugin('a', ['language-runtime@1.0.0']), plugin('b', ['language-runtime@1.0.0'])];
  assert.deepEqual(codes([], languages), []);
  assert.deepEqual(codes([], [plugin('a', ['their.own@1.0.0']), plugin('b', ['their.own@1.0.0'])]), []);
  assert.deepEqual(codes([], [plugin('a', ['their.own@1.3.0']), plugin('b', [], ['their.own@1.2.0'])]), []);
});

test('plugins that require each other are found before they are started', () => {
  const [one, two] = [plugin('one', ['x.a@1.0.0'], ['x.b@1.0.0']), plugin('two', ['x.b@1.0.0'], ['x.a@1.0.0'])];
  assert.deepEqual(new Set(codes([], [one, two])), new Set(['plugin_cycle']));
});

test('what was broken before is not held against a change', () => {
  assert.deepEqual(codes([user], [user, plugin('x', [])]), []);
});

test('where a plugin does not say what it provides, nothing is certain', () => {
  const { problems, notes } = fitOf([], [user, neighbour('silent')]);
  assert.deepEqual(problems, []);
  assert.match(notes[0] ?? '', /no other plugin provides, unless one that does not say so does: silent/);
});

test('the operations of the host are known without one', async () => {
  await using host = await scriptedHost();
  const { operations } = (await host.call('host.operations')) as { operations: { name: string; plugin: string }[] };
  const ofHost = operations.filter(({ plugin: owner }) => owner === 'core').map(({ name }) => name);
  assert.deepEqual([...ownOperations].toSorted(), ofHost.toSorted());
});

test('a plugin hides no operation, command or client that is there', () => {
  const permissions = { operations: ['words.count'] };
  const commands = [{ name: 'redact', summary: 'x', export: './c' }];
  const client = { schemes: ['ws'], export: './client' };
  const present = neighbour('present', { permissions, commands, client });
  const brings = (soulbox: object) => () => assertShadowsNothing(neighbour('new', soulbox).manifest, [present]);
  brings({ permissions: { operations: ['*', 'words.find'] } })();
  const byHost = failure('conflict', /plugin-new brings operation plugins\.list, which the host has already/);
  assert.throws(brings({ permissions: { operations: ['plugins.list'] } }), byHost);
  assert.throws(brings({ permissions }), failure('conflict', /operation words\.count, which plugin present has/));
  assert.throws(brings({ commands }), failure('conflict', /command redact, which plugin present has/));
  assert.throws(brings({ client }), failure('conflict', /client for ws:, which plugin present has/));
});

test('a package is configured twice only under a name of its own', () => {
  assertNewPackage(neighbour('new').manifest, [neighbour('other')]);
  const again = () => assertNewPackage(neighbour('x').manifest, [neighbour('x')]);
  assert.throws(again, failure('conflict', /package plugin-x is configured as plugin x: .*--id x:NAME/));
});
