import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSpec } from '../../src/packages/spec.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('names of packages are read with ranges and tags', async () => {
  const read: Record<string, readonly [name: string, range: string]> = {
    'plugin-x': ['plugin-x', 'latest'],
    'plugin-x@^1.2.0': ['plugin-x', '^1.2.0'],
    'plugin-x@>=1 <2': ['plugin-x', '>=1 <2'],
    'plugin-x@next': ['plugin-x', 'next'],
    '@scope/x': ['@scope/x', 'latest'],
    '@scope/x@1.0.0-rc.1': ['@scope/x', '1.0.0-rc.1'],
  };
  for (const [text, [name, range]] of Object.entries(read))
    assert.deepEqual(await parseSpec(text, '/'), { kind: 'registry', name, range }, text);
});

test('paths are read from the working directory', async () => {
  await using folder = await temporaryFolder();
  await folder.write('plugin/package.json', '{}');
  const archive = await folder.write('x-1.0.0.tgz', '');
  const at = join(folder.path, 'plugin');
  for (const text of ['./plugin', at, `../${folder.path.split('/').at(-1)}/plugin`])
    assert.deepEqual(await parseSpec(text, folder.path), { kind: 'folder', path: at });
  assert.deepEqual(await parseSpec('.', at), { kind: 'folder', path: at });
  for (const text of ['x-1.0.0.tgz', './x-1.0.0.tgz', archive])
    assert.deepEqual(await parseSpec(text, folder.path), { kind: 'tarball', path: archive });
});

test('anything else is not taken', async () => {
  const others = ['', '@', '@scope', 'UPPER', 'a b', '.hidden@1', 'x@', 'x@not a range', '-g', '--registry=http://x'];
  const addresses = ['https://example.com/x.tgz', 'git+ssh://host/x', 'github:a/b', 'a/b', 'npm:x@1', 'file:./x'];
  const aliases = [
    'x@npm:other',
    'x@https://example.com/x.tgz',
    'x@file:../y',
    'x@git+https://h/r',
    './no/such',
    'no.tgz',
  ];
  for (const text of [...others, ...addresses, ...aliases, 'x'.repeat(215)])
    assert.equal(await parseSpec(text, '/tmp'), undefined, text);
});
