import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomBase62, uint32ToBase62 } from '../src/base62.ts';
import { hashKey, makeKey, readKey } from '../src/key-format.ts';

test('keys have the documented form, differ, and are read back', () => {
  const keys = Array.from({ length: 1_000 }, makeKey);
  for (const { id, text } of keys) {
    assert.match(text, /^sbx_[0-9A-Za-z]{12}_[0-9A-Za-z]{32}_[0-9A-Za-z]{6}$/);
    assert.deepEqual(readKey(text), { id, text });
  }
  assert.equal(new Set(keys.map(({ id }) => id)).size, 1_000);
  assert.equal(new Set(keys.map((key) => hashKey(key).toString('hex'))).size, 1_000);
});

test('a single wrong character is found without asking anybody', () => {
  const { text } = makeKey();
  for (let at = 0; at < text.length; at++) {
    const wrong = text[at] === 'x' ? 'y' : 'x';
    assert.equal(readKey(text.slice(0, at) + wrong + text.slice(at + 1)), undefined, `at ${at}`);
  }
});

test('random digits are all used, and as many as asked for', () => {
  assert.equal(new Set(randomBase62(10_000)).size, 62);
  for (const length of [0, 1, 12, 32]) assert.equal(randomBase62(length).length, length);
});

test('numbers of 32 bits have six digits', () => {
  assert.equal(uint32ToBase62(0), '000000');
  assert.equal(uint32ToBase62(61), '00000z');
  assert.equal(uint32ToBase62(62), '000010');
  assert.equal(uint32ToBase62(2 ** 32 - 1), '4gfFC3');
});
