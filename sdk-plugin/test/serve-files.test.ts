import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveFiles } from '@soulbox/plugin-sdk/testing';

test('files are served by their paths, and nothing else is, until the server is given up', async () => {
  const server = await serveFiles((url) => ({ '/a': `<a href="${url}/b">`, '/j': '{}', '/b': Uint8Array.of(1, 2) }));
  const get = (path: string) => fetch(server.url + path);
  assert.equal(await (await get('/a?x')).text(), `<a href="${server.url}/b">`);
  assert.match((await get('/j')).headers.get('content-type') ?? '', /json/);
  assert.deepEqual([...new Uint8Array(await (await get('/b')).arrayBuffer())], [1, 2]);
  assert.equal((await get('/c')).status, 404);
  await server[Symbol.asyncDispose]();
  await assert.rejects(get('/a'));
});
