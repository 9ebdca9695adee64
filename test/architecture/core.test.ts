import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesIn, pluginNames } from './names.ts';
import { packages } from './packages.ts';
import { allFiles, read } from './tree.ts';

const all = packages();
const names = pluginNames(all);

test('core names no plugin, language or product', (t) => {
  const files = allFiles().filter((file) => file.startsWith('core/src/') || file === 'core/package.json');
  t.diagnostic(`${files.length} files, ${names.length} names of plugins`);
  assert.deepEqual(
    files.flatMap((file) => namesIn(file, read(file), names)),
    [],
  );
  assert.ok(files.length > 20 && names.length >= 7, 'the walk missed core or the plugins');
});

test('a name is found however it is written, and only as itself', () => {
  const found = (line: string) => namesIn('x.ts', line, names).map((hit) => hit.split(': ')[1]);
  assert.deepEqual(found('const runtime = pythonRuntime();'), ['python']);
  assert.deepEqual(found("process.platform === 'linux'"), ['linux']);
  assert.deepEqual(found('// reads the API key'), ['api-key']);
  assert.deepEqual(found('new WebSocketServer()'), ['websocket']);
  assert.deepEqual(new Set(found('ask Docker, or Java')), new Set(['docker', 'java']));
  assert.deepEqual(found('we trust the JSON of storage'), []);
});

test('core depends on what the design lists', () => {
  const core = all.find(({ dir }) => dir === 'core');
  assert.deepEqual(Object.keys(core?.manifest.dependencies ?? {}).toSorted(), [
    '@soulbox/plugin-sdk',
    'cosmiconfig',
    // Isolated plugins are spoken to in it.
    'json-rpc-2.0',
    'pino',
    'reflect-metadata',
    'semver',
    'tapable',
    'tsyringe',
    // Configuration errors name a line, and edits by the command line keep comments.
    'yaml',
  ]);
});
