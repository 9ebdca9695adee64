import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optional, token, tokens } from '../src/index.ts';

test('tokens of one id and major version have one key, in every copy of the SDK', () => {
  const { key } = token('clock', '1.2.3');
  assert.equal(key, Symbol.for('soulbox/clock@1'));
  assert.equal(tokens('clock', '1.0.0').key, key);
  assert.notEqual(token('clock', '2.0.0').key, key);
  assert.notEqual(token('clocks', '1.0.0').key, key);
});

test('a token is told by its kind and cannot be changed', () => {
  const [one, many] = [token('a', '1.0.0'), tokens('a', '1.0.0')];
  assert.deepEqual([one.kind, many.kind], ['one', 'many']);
  for (const made of [one, many, optional(one)]) assert.ok(Object.isFrozen(made));
  assert.deepEqual(optional(many), { token: many, optional: true });
});

test('a version that is not of three numbers is refused, naming the token', () => {
  for (const version of ['1', '1.0', 'v1.0.0', '1.0.0-rc.1', '1.0.x', '', ' 1.0.0', '1.0.0\n']) {
    for (const make of [token, tokens]) assert.throws(() => make('clock', version), /token clock: version/);
  }
});
