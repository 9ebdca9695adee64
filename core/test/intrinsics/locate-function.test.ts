import assert from 'node:assert/strict';
import { test } from 'node:test';
import { urlOfFunction } from '../../src/intrinsics/locate-function.ts';

test('a function is found in its module', () => {
  assert.equal(
    urlOfFunction(() => 1),
    import.meta.url,
  );
});

test('what was not written in any module is nowhere', () => {
  for (const value of [Math.max, urlOfFunction.bind(undefined), 'text', undefined, {}])
    assert.equal(urlOfFunction(value), undefined);
});
