import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isSoulboxError } from '@soulbox/plugin-sdk';
import { asOperand, chooseEntry } from '@soulbox/plugin-sdk/toolchain';

const rules = { codeName: 'main.x', usual: ['main.x', 'index.x'], extensions: ['.x', '.y'] };
const files = (...paths: string[]) => paths.map((path) => ({ path, content: new Uint8Array() }));
const chosen = (paths: string[], entry?: string) => chooseEntry({ entry, files: files(...paths) }, rules).entry;

function refusedAt(path: string, message: RegExp) {
  return (thrown: unknown) => {
    assert.ok(isSoulboxError(thrown));
    assert.equal(thrown.code, 'invalid_params');
    assert.deepEqual(
      (thrown.details?.['problems'] as { path: string }[] | undefined)?.map((problem) => problem.path),
      [path],
    );
    assert.match(thrown.message, message);
    return true;
  };
}

describe('chooseEntry', () => {
  test('names a single piece of code, which is then the entry', () => {
    const result = chooseEntry({ entry: undefined, files: files('', 'index.x') }, rules);
    assert.equal(result.entry, 'main.x');
    assert.deepEqual(result.files, files('main.x', 'index.x'));
  });
  test('takes what the caller says first, the usual name next, the only fitting file last', () => {
    assert.equal(chosen(['main.x', 'b.x'], 'b.x'), 'b.x');
    assert.equal(chosen(['index.x', 'b.x']), 'index.x');
    assert.equal(chosen(['index.x', 'main.x']), 'main.x');
    assert.equal(chosen(['read.me', 'only.y']), 'only.y');
    assert.equal(chosen(['read.me', 'only.y'], 'read.me'), 'read.me');
  });
  test('refuses when nothing decides', () => {
    assert.throws(() => chosen([]), refusedAt('files', /no file that ends in \.x, \.y/));
    assert.throws(() => chosen(['read.me']), refusedAt('files', /no file/));
    assert.throws(() => chosen(['a.x', 'b.y']), refusedAt('files', /several.*main\.x.*entry/));
    assert.throws(() => chosen(['a.x'], 'b.x'), refusedAt('entry', /not one of files/));
  });
});

test('asOperand keeps a name from being an option', () => {
  assert.equal(asOperand('-x.py'), './-x.py');
  assert.equal(asOperand('a/-x.py'), 'a/-x.py');
});
