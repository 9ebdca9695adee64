import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeDocument, type JsonObject } from '@soulbox/plugin-sdk';

test('a document is encoded as JSON, without members that are undefined', () => {
  const value = { a: 1, b: undefined, c: [null, { d: 'é' }] } as unknown as JsonObject;
  assert.equal(encodeDocument(value, 100), '{"a":1,"c":[null,{"d":"é"}]}');
  assert.equal(encodeDocument(Object.create(null) as JsonObject, 2), '{}');
});

test('what is wrong is named by its place', () => {
  const value = { list: [{ at: Infinity }] } as unknown as JsonObject;
  assert.throws(() => encodeDocument(value, 100), {
    code: 'invalid_params',
    details: { problems: [{ path: '.list.0.at', message: 'must be a finite number' }] },
  });
  // What stands before it and is right is passed over.
  const later = { number: 1, list: ['x', [true]], members: { a: {} }, bad: 1n } as unknown as JsonObject;
  assert.throws(() => encodeDocument(later, 100), {
    details: { problems: [{ path: '.bad', message: 'must be JSON, not bigint' }] },
  });
  for (const wrong of [undefined, null, 'x', [], () => 1, new Map(), { f: () => 1 }, { l: [undefined] }])
    assert.throws(() => encodeDocument(wrong as unknown as JsonObject, 100), { code: 'invalid_params' });
});

test('size counts in bytes, up to the limit and not beyond', () => {
  assert.equal(encodeDocument({ a: 'é' }, 10), '{"a":"é"}');
  assert.throws(() => encodeDocument({ a: 'é' }, 9), {
    code: 'payload_too_large',
    details: { bytes: 10, maxBytes: 9 },
  });
});
