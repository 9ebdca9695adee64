import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineOperation, definePlugin, hookCatalogue, parse, z } from '../src/index.ts';

const operation = {
  summary: 'Gets a thing.',
  params: z.strictObject({}),
  result: z.object({}),
  owner: { kind: 'host' },
  effect: 'read',
  errors: [],
} as const;

test('a plugin keeps its definition and is known by its mark', () => {
  const definition = { id: 'my-plugin2', setup: () => {} };
  const plugin = definePlugin(definition);
  assert.deepEqual([plugin.$soulbox, plugin.definition], [1, definition]);
  assert.ok(Object.isFrozen(plugin));
});

test('an id that is not in kebab-case is refused', () => {
  for (const id of ['', 'My', 'my_plugin', '-my', 'my-', 'my--plugin', '2my', '../my', 'my plugin', 'a:b', 'my\n'])
    assert.throws(() => definePlugin({ id, setup: () => {} }), /is not in kebab-case/, id);
});

test('an operation is frozen and stays what it is', () => {
  const defined = defineOperation({ ...operation, name: 'things.getAll', permission: 'things:get' });
  assert.ok(Object.isFrozen(defined));
  assert.equal(defined.name, 'things.getAll');
});

test('an operation is named group.verb and has a permission group:verb', () => {
  for (const name of ['', 'things', 'things.', '.get', 'things.get.all', 'Things.get', 'things.get-all', 'things:get'])
    assert.throws(
      () => defineOperation({ ...operation, name, permission: 'things:get' }),
      /not of the form group\.verb/,
    );
  for (const permission of ['', '*', 'things', 'things:*', 'things.get', 'things:get:all'])
    assert.throws(
      () => defineOperation({ ...operation, name: 'things.get', permission }),
      /things\.get: permission .* is not of the form group:verb/,
    );
});

/** What must have been done before a sandbox may be used. */
const steps = ['live.filling', 'live.connected'];

test('every hook keeps to the rules: who decides fails closed, who observes is isolated', () => {
  for (const [name, { kind, onError, timeoutMs, result, description }] of Object.entries(hookCatalogue)) {
    assert.match(name, /^[a-z]+\.[a-z]+$/);
    assert.match(description, /[.?]$/, name);
    assert.ok(Number.isSafeInteger(timeoutMs) && timeoutMs > 0, name);
    const observes = kind === 'series' || kind === 'parallel';
    assert.equal(result === undefined, observes, name);
    if (observes) assert.equal(onError, steps.includes(name) ? 'fail' : 'isolate', name);
    if (/^auth\.(authenticate|veto)$|\.veto$/.test(name)) assert.deepEqual([kind, onError], ['bail', 'fail'], name);
  }
  assert.equal(hookCatalogue['auth.authenticate'].privileged, true);
});

test('what a hook may answer is checked by shape', () => {
  const { result: box } = hookCatalogue['sandbox.creating'];
  assert.ok(box && parse(box, { paths: [], labels: {}, more: 1 }));
  for (const nonsense of [null, 'text', {}, { paths: [] }])
    assert.throws(() => parse(box, nonsense), /must be an object with/);
});
