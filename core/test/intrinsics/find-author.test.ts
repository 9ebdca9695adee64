import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { isWrittenIn } from '../../src/intrinsics/find-author.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('a function is found in the package that it stands in', async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write('a/deep/index.mjs', 'export const evil = function (x) { return x; /* of a */ };');
  await folder.write('a/readme.md', 'function bystander() {}');
  await folder.write('a/node_modules/b/index.js', 'function bystander() {}');
  await folder.write('b/index.js', '');
  const { evil } = (await import(pathToFileURL(file).href)) as { evil: unknown };
  assert.equal(isWrittenIn(`${folder.path}/a`, 'evil', evil), true);
  assert.equal(isWrittenIn(`${folder.path}/a`, 'good', evil), false);
  assert.equal(isWrittenIn(`${folder.path}/b`, '', evil), false);
  assert.equal(
    isWrittenIn(`${folder.path}/a`, '', function bystander() {}),
    false,
  );
});

test('what was not written in any module is nowhere', () => {
  for (const value of [Math.max, isWrittenIn.bind(undefined), 'text', undefined, {}])
    assert.equal(isWrittenIn('/does/not/matter', '', value), false);
});
