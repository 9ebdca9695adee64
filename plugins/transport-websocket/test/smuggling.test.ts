import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SuiteApi, suiteKey } from '@soulbox/plugin-sdk/conformance';
import { serve } from './support/serve.ts';
import { exchange, openSocket, readToEnd, statusOf, upgradeRequest } from './support/raw.ts';

test('requests that two parsers could read differently are refused, and the connection ends', async () => {
  await using host = await serve(new SuiteApi());
  const { port } = host;
  const Host = `Host: 127.0.0.1:${port}`;
  const hidden = `GET /healthz HTTP/1.1\r\n${Host}\r\n\r\n`;
  const table: [string, string, number[]][] = [
    [
      'CL and TE',
      `POST /rpc HTTP/1.1\r\n${Host}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      [400],
    ],
    ['CL twice', `POST /rpc HTTP/1.1\r\n${Host}\r\nContent-Length: 4\r\nContent-Length: 0\r\n\r\n${hidden}`, [400]],
    ['an unknown TE', `POST /rpc HTTP/1.1\r\n${Host}\r\nTransfer-Encoding: xchunked\r\n\r\n${hidden}`, [400]],
    ['a folded header', `GET /healthz HTTP/1.1\r\n${Host}\r\nX-A: 1\r\n folded\r\n\r\n`, [400, 200]],
    ['a folded host', `GET /healthz HTTP/1.1\r\nHost: evil\r\n 127.0.0.1:${port}\r\n\r\n`, [400, 421]],
    ['a bare LF', `GET /healthz HTTP/1.1\n${Host}\n\n`, [400]],
    ['a bare CR in a header', `GET /healthz HTTP/1.1\r\n${Host}\r\nX: a\rb\r\n\r\n`, [400]],
    ['a space before the colon', `GET /healthz HTTP/1.1\r\n${Host}\r\nContent-Length : 3\r\n\r\nabc`, [400]],
    ['a NUL in a header', `GET /healthz HTTP/1.1\r\n${Host}\r\nX: a\0b\r\n\r\n`, [400]],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', [400]],
    ['no host in HTTP/1.0', 'GET /healthz HTTP/1.0\r\n\r\n', [421]],
    ['an unknown version', `GET /healthz HTTP/9.9\r\n${Host}\r\n\r\n`, [400]],
    ['HTTP/2 without a word', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [400]],
    ['nonsense', '\0\0\0\0 ]]]] \r\n\r\n', [400]],
  ];
  for (const [what, bytes, statuses] of table) {
    const answer = await exchange(port, Buffer.from(bytes, 'latin1'));
    const found = [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((match) => Number(match[1]));
    assert.equal(found.length, 1, `${what}: ${found.join()}`);
    assert.ok(statuses.includes(found[0] as number), `${what}: ${found.join()}`);
  }
  assert.equal(await statusOf(port, upgradeRequest(port, { Authorization: `Bearer ${suiteKey}` })), 101);
});

test('a CONNECT, and one with a protocol in it, go nowhere', async () => {
  await using host = await serve(new SuiteApi());
  assert.equal(await exchange(host.port, `CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n`), '');
});

test('too many headers and too long ones are refused, not cut', async () => {
  await using host = await serve(new SuiteApi());
  const { port } = host;
  const many = Object.fromEntries(Array.from({ length: 1100 }, (_, n) => [`x${n}`, 'a']));
  assert.equal(await statusOf(port, upgradeRequest(port, many)), 431);
  // An Origin behind all of them must not go unseen.
  const hundred = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`x${n}`, 'a']));
  const late = { Authorization: `Bearer ${suiteKey}`, ...hundred, Origin: 'https://evil.example' };
  assert.equal(await statusOf(port, upgradeRequest(port, late)), 431);
  assert.equal(await statusOf(port, upgradeRequest(port, { 'X-Long': 'a'.repeat(20_000) })), 431);
  const twoThousand = Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`header${n}`, 'value of it']));
  assert.equal(await statusOf(port, upgradeRequest(port, twoThousand)), 431);
});

test('a request that does not come to its end is dropped', async () => {
  await using host = await serve(new SuiteApi(), { headersTimeoutMs: 100, requestTimeoutMs: 200 });
  const request = upgradeRequest(host.port);
  for (const start of ['', 'G', request.slice(0, -2), request.slice(0, 40)]) {
    const socket = await openSocket(host.port);
    socket.write(start);
    assert.match(await readToEnd(socket), start === '' ? /^(HTTP\/1\.1 408 [^]*)?$/ : /^HTTP\/1\.1 408 /);
  }
  const dripping = await openSocket(host.port);
  const timer = setInterval(() => dripping.write('x'), 20);
  dripping.write('GET /');
  assert.match(await readToEnd(dripping), /^HTTP\/1\.1 408 /);
  clearInterval(timer);
  await using other = await serve(new SuiteApi());
  const body = await openSocket(other.port);
  body.write(`POST /rpc HTTP/1.1\r\nHost: 127.0.0.1:${other.port}\r\nContent-Length: 100000\r\n\r\n`);
  assert.match(await readToEnd(body), /^HTTP\/1\.1 404 /);
});

test('peers that vanish while their key is checked leave nothing behind', async () => {
  const api = new SuiteApi();
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  let asked = 0;
  const original = api.authenticate.bind(api);
  api.authenticate = async (credentials) => {
    asked++;
    await gate;
    return original(credentials);
  };
  await using host = await serve(api);
  const request = upgradeRequest(host.port, { Authorization: `Bearer ${suiteKey}` });
  const sockets = await Promise.all([1, 2, 3].map(() => openSocket(host.port)));
  for (const socket of sockets) socket.write(request);
  while (asked < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  sockets[0]?.resetAndDestroy();
  sockets[1]?.destroy();
  sockets[2]?.end();
  await new Promise((resolve) => setTimeout(resolve, 50));
  release();
  sockets[2]?.resume();
  while (host.transport.stats().connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(await statusOf(host.port, request), 101);
});
