import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SuiteApi, suiteKey } from '@soulbox/plugin-sdk/conformance';
import { serve } from './support/serve.ts';
import { exchange, statusOf, upgradeRequest } from './support/raw.ts';

const Authorization = `Bearer ${suiteKey}`;

test('pages of foreign origins are refused, programs without one are not', async () => {
  await using host = await serve(new SuiteApi(), { allowedOrigins: ['https://app.example', 'http://localhost:3000'] });
  const table: [string | undefined, number][] = [
    [undefined, 101],
    ['https://app.example', 101],
    ['http://localhost:3000', 101],
    ['https://evil.example', 403],
    ['null', 403],
    ['', 403],
    ['http://localhost.evil.com', 403],
    ['http://localhost:3000.evil.com', 403],
    ['http://localhost', 403],
    ['http://app.example', 403],
    ['https://app.example:444', 403],
    ['https://app.example/', 403],
    ['HTTPS://APP.EXAMPLE', 403],
    ['https://app.example, https://evil.example', 403],
    ['*', 403],
  ];
  for (const [Origin, status] of table)
    assert.equal(await statusOf(host.port, upgradeRequest(host.port, { Authorization, Origin })), status, Origin);
});

test('by default no page may connect, not even one of this machine', async () => {
  await using host = await serve(new SuiteApi());
  for (const Origin of [`http://127.0.0.1:${host.port}`, `http://localhost:${host.port}`, 'null', 'file://'])
    assert.equal(await statusOf(host.port, upgradeRequest(host.port, { Authorization, Origin })), 403, Origin);
});

test('a request that names another host is refused, whatever it asks for', async () => {
  await using host = await serve(new SuiteApi(), { allowedHosts: ['Box.Example:443', 'box.example'] });
  const { port } = host;
  const table: [string, boolean][] = [
    [`127.0.0.1:${port}`, true],
    [`localhost:${port}`, true],
    [`LocalHost:${port}`, true],
    [`[::1]:${port}`, true],
    ['box.example:443', true],
    ['box.example', true],
    [`evil.example:${port}`, false],
    ['127.0.0.1', false],
    ['localhost', false],
    [`127.0.0.1:${port + 1}`, false],
    [`127.0.0.1.evil.example:${port}`, false],
    [`localhost:${port}@evil.example`, false],
    [`localhost.:${port}`, false],
    ['', false],
  ];
  for (const [Host, allowed] of table) {
    const health = `GET /healthz HTTP/1.1\r\nHost: ${Host}\r\n\r\n`;
    assert.equal(await statusOf(port, upgradeRequest(port, { Authorization, Host })), allowed ? 101 : 421, Host);
    assert.equal(await statusOf(port, health), allowed ? 200 : 421, Host);
  }
});

test('a key in the upgrade request must be valid', async () => {
  await using host = await serve(new SuiteApi());
  const table: [string, number][] = [
    [Authorization, 101],
    [`bearer  ${suiteKey}`, 101],
    ['Bearer wrong', 401],
    [`Basic ${suiteKey}`, 401],
    ['Bearer', 401],
    [suiteKey, 401],
    [`${Authorization} x`, 401],
    ['', 401],
  ];
  for (const [header, status] of table) {
    const request = upgradeRequest(host.port, { Authorization: header });
    assert.equal(await statusOf(host.port, request), status, header);
  }
  const answer = await exchange(host.port, upgradeRequest(host.port, { Authorization: 'Bearer wrong' }));
  assert.match(answer, /^WWW-Authenticate: Bearer\r$/m);
  const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as Record<string, unknown>;
  assert.equal(body['code'], 'unauthenticated');
});

test('what is no correct upgrade gets an answer that says what is wrong', async () => {
  await using host = await serve(new SuiteApi());
  const { port } = host;
  const good = upgradeRequest(port, { Authorization });
  const table: [string, string, number][] = [
    ['a query is ignored', good.replace('/rpc', '/rpc?x=1'), 101],
    ['a client may offer protocols', upgradeRequest(port, { Authorization, 'Sec-WebSocket-Protocol': 'a, b' }), 101],
    ['another path', good.replace('/rpc', '/other'), 404],
    ['a longer path', good.replace('/rpc', '/rpc/'), 404],
    ['an absolute URL', good.replace('/rpc', `http://127.0.0.1:${port}/rpc`), 404],
    ['the old version', upgradeRequest(port, { Authorization, 'Sec-WebSocket-Version': '8' }), 426],
    ['no version', upgradeRequest(port, { Authorization, 'Sec-WebSocket-Version': undefined }), 426],
    ['nonsense as version', upgradeRequest(port, { Authorization, 'Sec-WebSocket-Version': '13x' }), 426],
    ['no key', upgradeRequest(port, { Authorization, 'Sec-WebSocket-Key': undefined }), 400],
    ['a short key', upgradeRequest(port, { Authorization, 'Sec-WebSocket-Key': 'AAAA' }), 400],
    ['a long key', upgradeRequest(port, { Authorization, 'Sec-WebSocket-Key': 'A'.repeat(4000) }), 400],
    ['another protocol', upgradeRequest(port, { Authorization, Upgrade: 'h2c' }), 400],
    ['another method', good.replace('GET', 'POST'), 400],
    ['bad protocols', upgradeRequest(port, { Authorization, 'Sec-WebSocket-Protocol': 'a,,b' }), 400],
    ['a body', upgradeRequest(port, { Authorization, 'Content-Length': '5' }), 400],
    ['a host twice', good.replace('\r\n\r\n', `\r\nHost: 127.0.0.1:${port}\r\n\r\n`), 400],
    ['a key twice', good.replace('\r\n\r\n', `\r\nAuthorization: Bearer x\r\n\r\n`), 400],
    ['an origin twice', good.replace('\r\n\r\n', '\r\nOrigin: a\r\nOrigin: b\r\n\r\n'), 400],
  ];
  for (const [what, request, status] of table) assert.equal(await statusOf(port, request), status, what);
});

test('no extension is ever agreed to, whatever is offered', async () => {
  await using host = await serve(new SuiteApi());
  for (const offer of [
    'permessage-deflate',
    'permessage-deflate; client_max_window_bits=99',
    'constructor',
    '__proto__',
  ]) {
    const request = upgradeRequest(host.port, { Authorization, 'Sec-WebSocket-Extensions': offer });
    // A close frame, masked with zeros, so that the host ends the connection as well.
    const answer = await exchange(
      host.port,
      Buffer.concat([Buffer.from(request), Buffer.from([0x88, 0x80, 0, 0, 0, 0])]),
    );
    assert.match(answer, /^HTTP\/1\.1 101 /);
    assert.doesNotMatch(answer, /Sec-WebSocket-Extensions/i);
  }
});

test('plain HTTP gets a little JSON and the end of the connection', async () => {
  await using host = await serve(new SuiteApi());
  const get = (target: string, method = 'GET') =>
    exchange(host.port, `${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1:${host.port}\r\n\r\n`);
  const health = await get('/healthz');
  assert.match(health, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(health, /^Connection: close\r$/m);
  assert.ok(health.endsWith('\r\n\r\n{"status":"ok"}'));
  assert.match(await get('/healthz', 'HEAD'), /^HTTP\/1\.1 200 OK\r\n[^{]*\r\n\r\n$/);
  for (const [target, method] of [
    ['/', 'GET'],
    ['/rpc', 'GET'],
    ['/rpc', 'POST'],
    ['/healthz', 'POST'],
    ['/healthz/', 'GET'],
    ['/../etc/passwd', 'GET'],
    ['/__proto__', 'GET'],
  ]) {
    const answer = await get(target as string, method);
    assert.match(answer, /^HTTP\/1\.1 404 /, `${method} ${target}`);
    const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as Record<string, unknown>;
    assert.equal(body['code'], 'not_found');
  }
});

test('connections over the limit are refused and those within it go on', async () => {
  await using host = await serve(new SuiteApi(), { maxConnections: 1 });
  const { Peer, codeOf } = await import('./support/peer.ts');
  const peer = await Peer.open(host.url);
  assert.equal(await statusOf(host.port, upgradeRequest(host.port, { Authorization })), 429);
  assert.equal(codeOf(await peer.call('suite.echo', { value: 1 })), undefined);
  await peer[Symbol.asyncDispose]();
  while (host.transport.stats().connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(await statusOf(host.port, upgradeRequest(host.port, { Authorization })), 101);
});
