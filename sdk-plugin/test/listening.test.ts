import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { z } from '@soulbox/plugin-sdk';
import { bind, isLoopback, listenShape, onlyWherePublic, urlHost } from '@soulbox/plugin-sdk/listening';

test('an address that others can reach needs a word that this is wanted', () => {
  const Config = z.strictObject(listenShape).superRefine(onlyWherePublic);
  assert.deepEqual(Config.parse({}), { host: '127.0.0.1', public: false });
  for (const host of ['0.0.0.0', '::', 'box.example', '127.0.0.1.evil.example']) {
    assert.equal(isLoopback(host), false);
    assert.equal(Config.safeParse({ host }).success, false, host);
    assert.equal(Config.safeParse({ host, public: true }).success, true, host);
  }
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1'])
    assert.equal(Config.safeParse({ host }).success, true, host);
  assert.deepEqual(['::1', 'a.example'].map(urlHost), ['[::1]', 'a.example']);
});

test('a port is had, or it is told why not', async () => {
  const server = createServer();
  const port = await bind(server, { host: '127.0.0.1', port: 0 });
  assert.ok(port > 0);
  await assert.rejects(bind(createServer(), { host: '127.0.0.1', port }), { code: 'conflict' });
  await assert.rejects(bind(createServer(), { host: '192.0.2.1', port: 0 }), { code: 'config_invalid' });
  server.close();
  await once(server, 'close');
});
