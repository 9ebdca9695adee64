import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { SuiteApi, suitePrincipal } from '@soulbox/plugin-sdk/conformance';
import { codeOf, detailsOf, Peer, type Message } from './support/peer.ts';
import { serve } from './support/serve.ts';

const echo = (id: unknown, value: unknown = 1) => ({ jsonrpc: '2.0', id, method: 'suite.echo', params: { value } });

test('a message that is no request is answered with what is wrong with it', async () => {
  await using host = await serve(new SuiteApi());
  await using peer = await Peer.open(host.url);
  const parse = -32700;
  const invalid = -32600;
  const table: [string, number, unknown][] = [
    ['', parse, null],
    ['{', parse, null],
    ['{"jsonrpc":"2.0","id":1,"method":', parse, null],
    ['undefined', parse, null],
    ["{'a':1}", parse, null],
    ['[1,', parse, null],
    ['{"a":"\u0000"}', parse, null],
    ['\ufeff{}', parse, null],
    ['"\\ud800', parse, null],
    ['null', invalid, null],
    ['1', invalid, null],
    ['"x"', invalid, null],
    ['{}', invalid, null],
    ['[]', invalid, null],
    ['{"id":1,"method":"suite.echo"}', invalid, 1],
    ['{"jsonrpc":"1.0","id":"a","method":"suite.echo"}', invalid, 'a'],
    ['{"jsonrpc":2.0,"id":1,"method":"suite.echo"}', invalid, 1],
    ['{"jsonrpc":"2.0","id":1}', invalid, 1],
    ['{"jsonrpc":"2.0","id":1,"method":null}', invalid, 1],
    ['{"jsonrpc":"2.0","id":1,"method":["suite.echo"]}', invalid, 1],
    [`{"jsonrpc":"2.0","id":1,"method":"${'m'.repeat(300)}"}`, invalid, 1],
    ['{"jsonrpc":"2.0","id":null,"method":"suite.echo"}', invalid, null],
    ['{"jsonrpc":"2.0","id":1e400,"method":"suite.echo"}', invalid, null],
    ['{"jsonrpc":"2.0","id":9007199254740993,"method":"suite.echo"}', invalid, null],
    ['{"jsonrpc":"2.0","id":1.5,"method":"suite.echo"}', invalid, null],
    ['{"jsonrpc":"2.0","id":{},"method":"suite.echo"}', invalid, null],
    ['{"jsonrpc":"2.0","id":[1],"method":"suite.echo"}', invalid, null],
    ['{"jsonrpc":"2.0","id":true,"method":"suite.echo"}', invalid, null],
    [`{"jsonrpc":"2.0","id":"${'i'.repeat(300)}","method":"suite.echo"}`, invalid, null],
    ['{"jsonrpc":"2.0","id":1,"result":{}}', invalid, 1],
  ];
  for (const [text, code, id] of table) {
    peer.sendText(text);
    const { error, ...answer } = await peer.next();
    assert.deepEqual([error?.code, answer.id], [code, id], text);
    assert.deepEqual(Object.keys(error ?? {}).toSorted(), ['code', 'data', 'message']);
  }
  assert.deepEqual((await peer.call('suite.echo', { value: 2 })).result, { value: 2, principal: suitePrincipal });
});

test('ids come back as they were sent', async () => {
  await using host = await serve(new SuiteApi());
  await using peer = await Peer.open(host.url);
  for (const id of [0, -1, 2 ** 53 - 1, '', '1', '__proto__', 'constructor', '\u{1f600}', 'a"b\\'])
    assert.equal((await peer.call('suite.echo', { value: 1 }, id)).id, id);
});

test('parameters go by name, and missing ones are none', async () => {
  await using host = await serve(new SuiteApi());
  await using peer = await Peer.open(host.url);
  for (const params of [[1], [], null, 'x', 1, true]) {
    const { error } = await peer.call('suite.echo', params);
    assert.deepEqual([error?.code, error?.data['code']], [-32602, 'invalid_params']);
    assert.equal((detailsOf(error)['problems'] as unknown[]).length, 1);
  }
  assert.equal((await peer.call('suite.count', undefined)).error?.code, -32602);
  assert.equal((await peer.call('rpc.discover', { x: 1 })).error?.code, -32602);
});

test('an unknown method has the code of JSON-RPC, and asks the host only so often what there is', async () => {
  const api = new SuiteApi();
  let described = 0;
  const original = api.operations.bind(api);
  api.operations = () => {
    described++;
    return original();
  };
  await using host = await serve(api);
  await using peer = await Peer.open(host.url);
  const names = ['nothing', 'suite.nothing', '__proto__', 'constructor', 'toString', '', '.', 'rpc.', '$/nothing'];
  for (const name of names) {
    const { error } = await peer.call(name, {});
    assert.deepEqual([error?.code, error?.data['code']], [-32601, 'unknown_operation'], name);
  }
  assert.ok(described < names.length);
});

test('what an error says about the inside of the host stays inside, and can be found by its id', async () => {
  const api = new SuiteApi();
  api.call = async () => {
    throw Object.assign(new Error('cannot read /etc/secret'), { code: 'conflict', data: 'secret' });
  };
  await using host = await serve(api);
  await using peer = await Peer.open(host.url);
  const answer = await peer.call('suite.echo', {});
  assert.doesNotMatch(JSON.stringify(answer), /secret|\.js|\.ts/);
  const { error } = answer;
  assert.deepEqual(
    [error?.code, error?.message, error?.data['code']],
    [-32603, 'an internal error occurred', 'internal'],
  );
  const { requestId } = detailsOf(error);
  const logged = host.entries.find(({ level }) => level === 'error');
  assert.equal(logged?.fields['requestId'], requestId);
  assert.match(String(logged?.fields['err']), /cannot read \/etc\/secret/);
});

test('a result that JSON cannot express is an error, and no result is null', async () => {
  const api = new SuiteApi();
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const results: unknown[] = [cyclic, 1n, undefined];
  api.call = async () => results.shift();
  await using host = await serve(api);
  await using peer = await Peer.open(host.url);
  assert.equal(codeOf(await peer.call('suite.echo')), 'internal');
  assert.equal(codeOf(await peer.call('suite.echo')), 'internal');
  assert.deepEqual(await peer.call('suite.echo'), { jsonrpc: '2.0', id: 1, result: null });
});

test('an event that JSON cannot express, and a stream without a result, are errors', async () => {
  const api = new SuiteApi();
  const streams: (() => Iterable<{ event: unknown }>)[] = [() => [{ event: 1n }], () => [{ event: { n: 1 } }]];
  api.stream = async function* () {
    yield* (streams.shift() as () => Iterable<{ event: unknown }>)();
  };
  await using host = await serve(api);
  await using peer = await Peer.open(host.url);
  assert.equal(codeOf(await peer.call('suite.count')), 'internal');
  assert.equal((await peer.call('suite.count')).method, 'suite.event');
  assert.equal(codeOf(await peer.next()), 'internal');
});

test('events are notifications named after the group, and the answer comes last', async () => {
  await using host = await serve(new SuiteApi());
  await using peer = await Peer.open(host.url);
  peer.send({ jsonrpc: '2.0', id: 7, method: 'suite.count', params: { to: 2 } });
  const event = (n: number) => ({ jsonrpc: '2.0', method: 'suite.event', params: { n, padding: '' } });
  assert.deepEqual(await peer.next(), event(1));
  assert.deepEqual(await peer.next(), event(2));
  assert.deepEqual(await peer.next(), { jsonrpc: '2.0', id: 7, result: { to: 2 } });
});

test('a batch is answered by one array, in which every request has its answer', async () => {
  await using host = await serve(new SuiteApi(), { maxInFlight: 2 });
  await using peer = await Peer.open(host.url);
  peer.send([
    echo(1),
    { jsonrpc: '2.0', method: 'suite.echo', params: { value: 0 } },
    5,
    echo('2'),
    echo(null),
    echo(1),
  ]);
  const answers = (await peer.next()) as unknown as Message[];
  const seen = answers.map(({ id, result, error }) => [id, result === undefined ? error?.code : 'result']);
  const sorted = seen.toSorted((a, b) => String(a).localeCompare(String(b)));
  assert.deepEqual(sorted, [
    [null, -32600],
    [null, -32600],
    [null, -32600],
    [1, 'result'],
    ['2', 'result'],
  ]);
  peer.send([echo(9)]);
  assert.equal(((await peer.next()) as unknown as Message[]).length, 1);
  peer.send(Array.from({ length: 50 }, (_, id) => echo(id)));
  const full = (await peer.next()) as unknown as Message[];
  assert.deepEqual(new Set(full.map(({ id }) => id)), new Set(Array.from({ length: 50 }, (_, id) => id)));
  assert.ok(full.every(({ error }) => error === undefined));
  peer.send(Array.from({ length: 51 }, (_, id) => echo(id)));
  assert.equal(codeOf(await peer.next()), 'invalid_request');
});

test('answers of a batch that are too long together are refused one by one', async () => {
  const api = new SuiteApi();
  const value = 'x'.repeat(24 * 1024 * 1024);
  api.call = async () => value;
  await using host = await serve(api);
  await using peer = await Peer.open(host.url);
  peer.send([echo(1), echo(2), echo(3)]);
  const answers = (await peer.next()) as unknown as Message[];
  assert.deepEqual(answers.map(codeOf), [undefined, undefined, 'payload_too_large']);
});

test('notifications are carried out and never answered', async () => {
  const api = new SuiteApi();
  await using host = await serve(api);
  await using peer = await Peer.open(host.url);
  for (const method of ['suite.echo', 'nothing', 'rpc.discover', '$/cancel'])
    peer.send({ jsonrpc: '2.0', method, params: { value: 1 } });
  peer.send([{ jsonrpc: '2.0', method: 'suite.echo', params: { value: 1 } }]);
  await api.calls(2);
  assert.equal((await peer.call('suite.echo', { value: 1 }, 'only this')).id, 'only this');
});

test('an id cannot be used twice at one time, and the first call keeps it', async () => {
  const api = new SuiteApi();
  await using host = await serve(api);
  await using peer = await Peer.open(host.url);
  peer.send({ jsonrpc: '2.0', id: 'x', method: 'suite.wait' });
  await api.calls(1);
  const refused = await peer.call('suite.echo', { value: 1 }, 'x');
  assert.deepEqual([refused.id, codeOf(refused)], [null, 'invalid_request']);
  assert.deepEqual(detailsOf(refused.error), { id: 'x' });
  api.release();
  assert.deepEqual(await peer.next(), { jsonrpc: '2.0', id: 'x', result: 'released' });
  assert.equal((await peer.call('suite.echo', { value: 1 }, 'x')).id, 'x');
});

test('calls over the limit are refused at once, and can be cancelled to make room', async () => {
  const api = new SuiteApi();
  await using host = await serve(api, { maxInFlight: 2 });
  await using peer = await Peer.open(host.url);
  const wait = (id: unknown) => ({ jsonrpc: '2.0', id, method: 'suite.wait' });
  peer.send(wait(1));
  peer.send(wait(2));
  await api.calls(2);
  const refused = await peer.call('suite.echo', { value: 1 }, 3);
  assert.deepEqual([refused.id, codeOf(refused)], [3, 'overloaded']);
  assert.ok((detailsOf(refused.error)['retryAfterMs'] as number) > 0);
  peer.send([echo(4), { jsonrpc: '2.0', method: 'suite.echo' }]);
  assert.deepEqual(((await peer.next()) as unknown as Message[]).map(codeOf), ['overloaded']);
  peer.send({ jsonrpc: '2.0', method: 'suite.echo', params: { value: 'a notification over the limit' } });
  assert.deepEqual((await peer.call('$/cancel', { id: 99 }, 5)).result, { found: false });
  peer.send({ jsonrpc: '2.0', method: '$/cancel', params: { id: 1 } });
  const cancelled = await peer.next();
  assert.deepEqual([cancelled.id, codeOf(cancelled)], [1, 'cancelled']);
  assert.deepEqual((await peer.call('suite.echo', { value: 1 }, 3)).id, 3);
  assert.deepEqual(api.called, ['suite.wait', 'suite.wait', 'suite.echo']);
});

test('a request of a batch can be cancelled while it waits for the others', async () => {
  const api = new SuiteApi();
  await using host = await serve(api, { maxInFlight: 1 });
  await using peer = await Peer.open(host.url);
  peer.send([{ jsonrpc: '2.0', id: 1, method: 'suite.wait' }, echo(2), echo(3)]);
  await api.calls(1);
  peer.send({ jsonrpc: '2.0', method: '$/cancel', params: { id: 2 } });
  assert.deepEqual((await peer.call('$/cancel', { id: 1 }, 9)).result, { found: true });
  const answers = (await peer.next()) as unknown as Message[];
  assert.deepEqual(
    answers.map((answer) => [answer.id, codeOf(answer)]),
    [
      [1, 'cancelled'],
      [2, 'cancelled'],
      [3, undefined],
    ],
  );
});

test('operations that come and go with their plugins are followed', async () => {
  const api = new SuiteApi();
  await using host = await serve(api);
  await using peer = await Peer.open(host.url);
  assert.deepEqual((await peer.call('suite.count', { to: 0 })).result, { to: 0 });
  const described = await api.operations();
  api.operations = async () => described.map((operation) => ({ ...operation, event: null }));
  assert.equal((await peer.call('suite.count', { to: 1 })).method, 'suite.event');
  await peer.next();
  host.transport.operationsChanged();
  assert.deepEqual((await peer.call('suite.count', { to: 1 })).result, { to: 1 });
  host.transport.operationsChanged();
  api.operations = () => Promise.reject(new SoulboxError('storage_failed', 'not now'));
  assert.equal(codeOf(await peer.call('suite.count', { to: 1 })), 'storage_failed');
  api.operations = async () => described;
  assert.equal((await peer.call('suite.count', { to: 1 })).method, 'suite.event');
});
