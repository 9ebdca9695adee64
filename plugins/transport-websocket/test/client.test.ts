import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { test } from 'node:test';
import { WebSocketServer, type WebSocket } from 'ws';
import type { RemoteClient } from '@soulbox/plugin-sdk';
import { SuiteApi, suiteKey } from '@soulbox/plugin-sdk/conformance';
import { connect } from '../src/client/index.ts';
import { keepAlive } from '../src/client/keep-alive.ts';
import { serve } from './support/serve.ts';

const key = suiteKey;

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A host that says what a test wants it to say. */
async function withFakeHost(
  onMessage: (socket: WebSocket, text: string) => void,
  body: (client: RemoteClient, sockets: WebSocketServer) => Promise<void>,
): Promise<void> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('message', (data) => onMessage(socket, (data as Buffer).toString()));
    socket.on('error', () => undefined);
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const client = await connect({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/rpc`, key });
  try {
    await body(client, server);
  } finally {
    await client.close();
    await new Promise((resolve) => server.close(resolve));
  }
}

test('a host that is not there, or is none, is unreachable', async () => {
  const closedServer = createTcpServer();
  const free = await listening(closedServer);
  await new Promise((resolve) => closedServer.close(resolve));
  await assert.rejects(connect({ url: `ws://127.0.0.1:${free}/rpc`, key }), {
    code: 'unreachable',
    message: /ECONNREFUSED/,
  });
  const bodies = ['<html>', '', 'null', '{"code":5}', 'x'.repeat(200_000)];
  const web = createServer((_request, response) => response.writeHead(200).end(bodies.shift()));
  const port = await listening(web);
  while (bodies.length > 0)
    await assert.rejects(connect({ url: `ws://127.0.0.1:${port}/rpc`, key }), { code: 'unreachable', message: /200/ });
  await new Promise((resolve) => web.close(resolve));
  const rude = createTcpServer((socket) => socket.destroy());
  const rudePort = await listening(rude);
  await assert.rejects(connect({ url: `ws://127.0.0.1:${rudePort}/rpc`, key }), { code: 'unreachable' });
  await new Promise((resolve) => rude.close(resolve));
});

test('what the host refuses with arrives as such', async () => {
  await using host = await serve(new SuiteApi());
  await assert.rejects(connect({ url: host.url, key: 'wrong' }), { code: 'unauthenticated' });
  await assert.rejects(connect({ url: host.url.replace('/rpc', '/other'), key }), { code: 'not_found' });
});

test('a malformed URL or key is refused, and the key is not repeated', async () => {
  for (const url of ['http//x', 'ftp://127.0.0.1/', ''])
    await assert.rejects(connect({ url, key }), { code: 'invalid_params' });
  await assert.rejects(connect({ url: 'ws://127.0.0.1:1/', key: 'sec\nret' }), (error: Error) => {
    assert.doesNotMatch(error.message, /sec/);
    return (error as { code?: unknown }).code === 'invalid_params';
  });
});

test('calls fail with what ended the connection', async () => {
  const ends: [(socket: WebSocket) => void, string][] = [
    [(socket) => socket.terminate(), 'unreachable'],
    [(socket) => socket.close(1013, 'reads too slowly'), 'unreachable'],
    [(socket) => socket.close(1001), 'draining'],
    [(socket) => socket.close(1009), 'payload_too_large'],
    [(socket) => socket.close(4401, 'revoked'), 'unauthenticated'],
  ];
  for (const [end, code] of ends) {
    await withFakeHost(end, async (client) => {
      await assert.rejects(client.call('a.b', {}), { code });
      await assert.rejects(client.call('a.b', {}), { code });
    });
  }
});

test('a stream whose connection is lost fails after the events that came', async () => {
  const event = JSON.stringify({ jsonrpc: '2.0', method: 'a.event', params: { n: 1 } });
  const lose = (socket: WebSocket) => socket.send(event, () => socket.terminate());
  await withFakeHost(lose, async (client) => {
    const seen: unknown[] = [];
    const consume = async () => {
      for await (const item of client.stream('a.b', {})) seen.push(item);
    };
    await assert.rejects(consume(), { code: 'unreachable' });
    assert.deepEqual(seen, [{ event: { n: 1 } }]);
  });
});

test('nonsense from the host does no harm', async () => {
  const messages = [
    'null',
    '[]',
    '5',
    '{"jsonrpc":"2.0"}',
    '{"jsonrpc":"2.0","id":99,"result":1}',
    '{"jsonrpc":"2.0","id":"1","result":1}',
    '{"jsonrpc":"2.0","id":99,"error":{}}',
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}',
    '{"jsonrpc":"2.0","method":"x.event"}',
    '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":5,"data":{"code":"no such code"}}}',
  ];
  const say = (socket: WebSocket) => messages.forEach((message) => socket.send(message));
  await withFakeHost(say, async (client) => {
    await assert.rejects(client.call('a.b', {}), { code: 'internal', message: 'unknown error' });
  });
  await withFakeHost(
    (socket) => socket.send('{'),
    (client) => assert.rejects(client.call('a.b', {}), { code: 'unreachable' }),
  );
});

test('closing ends calls and streams, also a paused one', async () => {
  const api = new SuiteApi();
  await using host = await serve(api);
  const client = await connect({ url: host.url, key });
  const call = assert.rejects(client.call('suite.wait', {}), { code: 'cancelled' });
  const stream = client.stream('suite.count', { to: 10_000, padding: 10_000 })[Symbol.asyncIterator]();
  await stream.next();
  await api.calls(2);
  await client.close();
  await call;
  await assert.rejects(
    (async () => {
      while (!(await stream.next()).done);
    })(),
    { code: 'cancelled' },
  );
  await assert.rejects(client.call('suite.echo', { value: 1 }), { code: 'cancelled' });
  while (host.transport.stats().connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});

test('a host that has gone silent is given up, also if nothing was called', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
  await new Promise((resolve) => server.once('listening', resolve));
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await new Promise((resolve) => socket.once('open', resolve));
  socket.pause();
  keepAlive(socket, { pingMs: 10, silenceMs: 50 });
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.equal(socket.readyState, WebSocket.OPEN, 'a paused reader cannot hear');
  socket.resume();
  assert.equal(await closed, 1006);
  await new Promise((resolve) => server.close(resolve));
});
