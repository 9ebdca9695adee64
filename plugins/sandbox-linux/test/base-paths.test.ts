import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { basePaths, mergePaths } from '../src/base-paths.ts';

describe('basePaths', () => {
  it('holds a shell and its libraries, all of them there, but not all of /usr', () => {
    const paths = basePaths();
    assert.ok(paths.includes('/bin/sh'));
    assert.ok(paths.every((path) => existsSync(path)));
    for (const folder of ['/usr', '/usr/bin', '/bin', '/usr/lib', '/etc', '/usr/share'])
      assert.ok(!paths.includes(folder));
    assert.ok(!paths.some((path) => /sudo|passwd|mount|python|gcc/.test(path)));
  });

  it('is empty where nothing of it is there', () => {
    assert.deepEqual(
      basePaths(() => false),
      [],
    );
  });
});

describe('mergePaths', () => {
  it('sorts, and leaves out doubles and what a folder covers', () => {
    assert.deepEqual(mergePaths(['/opt/py/', '/opt/py/bin/python', '/opt/py', '/opt/python', '/a']), [
      '/a',
      '/opt/py',
      '/opt/python',
    ]);
  });

  for (const path of ['relative', '/', '', '/a/../b', '/a//b', '/a/.', '/proc', '/proc/1', '/sys/fs', '/dev', '/a\0b'])
    it(`refuses ${JSON.stringify(path)} without telling it to a client`, () => {
      assert.throws(
        () => mergePaths(['/fine', path]),
        (error: Error & { code?: string; details?: unknown }) => {
          assert.equal(error.details, undefined);
          return error.code === 'config_invalid';
        },
      );
    });

  it('takes names that only begin like those', () => {
    assert.deepEqual(mergePaths(['/devices', '/process']), ['/devices', '/process']);
  });
});
