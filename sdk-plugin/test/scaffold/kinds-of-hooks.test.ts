import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kinds } from '../../bin/new/kinds.ts';
import { tryKinds } from '../support/try-kinds.ts';

tryKinds(['hook', 'operation', 'scaling']);

test('every kind is tried in one of these files', () => {
  const tried = ['auth', 'cache', 'console-panel', 'hook', 'language', 'operation', 'sandbox', 'scaling', 'storage'];
  assert.deepEqual(Object.keys(kinds).toSorted(), [...tried, 'transport']);
});
