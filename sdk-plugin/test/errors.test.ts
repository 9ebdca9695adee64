import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  errorCatalogue,
  fromErrorBody,
  isErrorCode,
  isSoulboxError,
  SoulboxError,
  toSoulboxError,
  type ErrorCode,
} from '../src/index.ts';

const codes = Object.keys(errorCatalogue) as ErrorCode[];

test('every code has statuses in their ranges, a number of its own, and a sentence of advice', () => {
  assert.ok(codes.length > 30);
  const numbers = new Set<number>();
  for (const code of codes) {
    const { http, jsonRpc, grpc, advice } = errorCatalogue[code];
    assert.match(code, /^[a-z]+(_[a-z]+)*$/);
    assert.ok(http >= 400 && http < 600, code);
    assert.ok(grpc >= 1 && grpc <= 16, code);
    assert.ok(jsonRpc >= -32_768 && jsonRpc <= -32_000, code);
    assert.ok(!numbers.has(jsonRpc), code);
    numbers.add(jsonRpc);
    assert.match(advice, /^[A-Z].*\.$/, code);
    assert.ok(Object.isFrozen(errorCatalogue[code]));
  }
  assert.ok(Object.isFrozen(errorCatalogue));
});

test('what may be repeated is not the fault of the caller', () => {
  for (const code of codes) {
    const { retryable, http } = errorCatalogue[code];
    if (retryable) assert.ok(http === 429 || http >= 500, code);
  }
});

test('a code is one of the catalogue, and nothing that every object has', () => {
  assert.ok(codes.every(isErrorCode));
  for (const other of ['toString', '__proto__', 'constructor', 'INTERNAL', '', 5, null, undefined, ['internal']])
    assert.equal(isErrorCode(other), false);
});

test('what leaves the host holds neither the cause nor the stack', () => {
  const cause = new Error('password at /home/x');
  const error = new SoulboxError('conflict', 'changed meanwhile', { details: { id: 'a' }, cause });
  const { retryable, advice } = errorCatalogue.conflict;
  const expected = { code: 'conflict', message: 'changed meanwhile', retryable, advice };
  assert.deepEqual(error.toBody(), { ...expected, details: { id: 'a' } });
  assert.deepEqual(new SoulboxError('conflict', 'changed meanwhile').toBody(), expected);
  assert.equal(error.cause, cause);
  assert.equal(error.entry, errorCatalogue.conflict);
  assert.equal('cause' in new SoulboxError('conflict', 'x'), false);
});

test('an error of another copy of the SDK is known, a look-alike is not', () => {
  const foreign = Object.assign(new Error('x'), { [Symbol.for('soulbox/error@1')]: true, code: 'conflict' });
  assert.ok(isSoulboxError(foreign));
  assert.ok(isSoulboxError(new SoulboxError('internal', 'x')));
  const others = [
    Object.assign(new Error('x'), { code: 'conflict' }),
    Object.assign(new Error('x'), { [Symbol.for('soulbox/error@1')]: true, code: 'made_up' }),
    { [Symbol.for('soulbox/error@1')]: true, code: 'conflict' },
    new Error('x'),
    null,
    'conflict',
  ];
  for (const other of others) assert.equal(isSoulboxError(other), false);
});

test('anything else that is thrown becomes an error that says nothing, with the original for the log', () => {
  const known = new SoulboxError('draining', 'x');
  assert.equal(toSoulboxError(known), known);
  for (const thrown of [new Error('ENOENT /home/x'), 'text', undefined, { code: 'conflict' }]) {
    const error = toSoulboxError(thrown);
    assert.deepEqual([error.code, error.message, error.cause], ['internal', 'an internal error occurred', thrown]);
  }
});

test('an error is the same on the other side of a wire', () => {
  for (const code of codes) {
    const sent = new SoulboxError(code, `about ${code}`, { details: { n: 1 } });
    const body: unknown = JSON.parse(JSON.stringify(sent.toBody()));
    assert.deepEqual(fromErrorBody(body as object).toBody(), sent.toBody());
  }
});

test('an error that makes no sense on this side is an internal one', () => {
  const bodies = [{}, { code: 'made_up', message: 5 }, { code: '__proto__', details: 'text' }, { details: null }];
  for (const body of bodies) {
    const { code, message, details } = fromErrorBody(body);
    assert.deepEqual([code, message, details], ['internal', 'unknown error', undefined]);
  }
});
