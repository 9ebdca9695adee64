import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeConfig } from '../../src/config/merge.ts';

test('maps are merged key by key, anything else is replaced', () => {
  const base = { a: { b: 1, c: [1, 2] }, d: 'x', e: { f: 1 }, g: 1 };
  const over = { a: { c: [3], n: null }, d: { y: 1 }, e: false };
  assert.deepEqual(mergeConfig(base, over), { a: { b: 1, c: [3], n: null }, d: { y: 1 }, e: false, g: 1 });
});

test('neither argument is changed, nor shares what was merged', () => {
  const base = { a: { b: { c: 1 } } };
  const over = { a: { b: { d: 2 } } };
  const merged = mergeConfig(base, over) as { a: { b: Record<string, number> } };
  merged.a.b['e'] = 3;
  assert.deepEqual([base, over], [{ a: { b: { c: 1 } } }, { a: { b: { d: 2 } } }]);
});

test('keys that reach prototypes change no other object', () => {
  for (const text of ['{"__proto__": {"polluted": 1}}', '{"constructor": {"prototype": {"polluted": 1}}}']) {
    mergeConfig({}, JSON.parse(text) as Record<string, unknown>);
    mergeConfig(JSON.parse(text) as Record<string, unknown>, JSON.parse(text) as Record<string, unknown>);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    assert.equal((Object as unknown as Record<string, unknown>)['polluted'], undefined);
  }
});
