import assert from 'node:assert/strict';
import { isSoulboxError, type ErrorCode } from '@soulbox/plugin-sdk';

/** For `assert.throws` and `assert.rejects`: a SoulboxError with this code, whose message matches each pattern. */
export function failure(code: ErrorCode, ...patterns: readonly RegExp[]): (thrown: unknown) => true {
  return (thrown) => {
    assert.ok(isSoulboxError(thrown), String(thrown));
    assert.equal(thrown.code, code, thrown.message);
    for (const pattern of patterns) assert.match(thrown.message, pattern);
    return true;
  };
}
