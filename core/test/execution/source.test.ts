import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeSource } from '../../src/execution/source.ts';

const file = (path: string, content = 'x') => ({ path, content });
const decode = (paths: readonly string[], entry?: string) =>
  decodeSource({ files: paths.map((path) => file(path)), entry }, 1_000_000);

describe('source of a program', () => {
  for (const path of [
    '/etc/passwd',
    '../x',
    'a/../b',
    'a/..',
    './a',
    'a/./b',
    'a//b',
    'a/',
    '',
    'C:\\x',
    'a\\b',
    'a\0b',
    'x'.repeat(256),
    `a/${'é'.repeat(128)}`,
  ]) {
    it(`refuses the path ${JSON.stringify(path.slice(0, 40))}`, () => {
      assert.throws(() => decode(['fine', path]), { code: 'path_outside_box', details: { field: 'files.1.path' } });
      assert.throws(() => decode(['fine'], path), { code: 'path_outside_box', details: { field: 'entry' } });
    });
  }

  for (const path of ['a', 'a/b/c', '...', '..a', '-rf', 'ü ö/日本', ' ', 'x'.repeat(255), 'C:/x']) {
    it(`takes the path ${JSON.stringify(path.slice(0, 40))}`, () => {
      assert.equal(decode([path], path).files[0]?.path, path);
    });
  }

  it('refuses files that cannot be beside each other', () => {
    for (const paths of [
      ['a', 'a'],
      ['a/b', 'a'],
      ['a', 'a/b/c'],
      ['z', 'a/b', 'a/b/c', 'a/c'],
    ])
      assert.throws(() => decode(paths), { code: 'path_outside_box', details: { field: 'files' } }, paths.join());
    assert.equal(decode(['a.b', 'a/b', 'ab', 'a-b', 'a/b.c']).files.length, 5);
  });

  it('refuses an entry that is not there', () => {
    assert.throws(() => decode(['a'], 'b'), { code: 'invalid_params', message: /entry: there is no file "b"/ });
  });

  it('measures what was decoded', () => {
    assert.equal(decodeSource({ code: 'é' }, 2).files[0]?.content.byteLength, 2);
    assert.throws(() => decodeSource({ code: 'é' }, 1), {
      code: 'payload_too_large',
      details: { field: 'code', maxBytes: 1 },
    });
    const files = [file('a', 'xx'), { path: 'b', content: 'AAA=', encoding: 'base64' as const }];
    assert.equal(decodeSource({ files }, 4).files.length, 2);
    assert.throws(() => decodeSource({ files }, 3), {
      code: 'payload_too_large',
      details: { field: 'files', maxBytes: 3 },
    });
  });

  it('leaves the name of a single piece of code to the language', () => {
    assert.deepEqual(decodeSource({ code: '' }, 10), {
      files: [{ path: '', content: Buffer.alloc(0) }],
      entry: undefined,
    });
  });

  it('refuses base64 that is none', () => {
    assert.throws(() => decodeSource({ files: [{ path: 'a', content: 'no!', encoding: 'base64' }] }, 10), {
      code: 'invalid_params',
      message: /^files\.0\.content: is not base64/,
    });
  });
});
