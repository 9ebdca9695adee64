import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  isSoulboxError,
  type Api,
  type ConnectRemote,
  type ErrorCode,
  type RemoteClient,
  type Transport,
} from '@soulbox/plugin-sdk';
import { SuiteApi, suiteKey, suitePrincipal } from './transport-api.ts';

/** One transport, not listening yet, and the client that speaks its protocol. */
export interface TransportFixture {
  readonly transport: Transport;
  readonly connect: ConnectRemote;
  /** Called after each test, also when the transport is closed already. */
  dispose(): Promise<void>;
}

export interface TransportSuiteOptions {
  readonly name?: string;
  /** A transport that serves `api` on the loopback interface, at `port`; 0 is any free one. */
  create(api: Api, options: { readonly port: number }): Promise<TransportFixture>;
}

/** What a test body gets: everything up and running, with a client that is let in. */
interface Running {
  readonly api: SuiteApi;
  readonly transport: Transport;
  readonly url: string;
  readonly client: RemoteClient;
  connect(key?: string): Promise<RemoteClient>;
}

const repeats = 10;

type Create = TransportSuiteOptions['create'];

/** Registers the tests that every implementation of Transport passes. */
export function transportSuite({ name = 'Transport', create }: TransportSuiteOptions): void {
  describe(`conformance: ${name}`, () => {
    callTests(create);
    streamTests(create);
    cancelTests(create);
    lifecycleTests(create);
  });
}

function running(create: Create, body: (running: Running) => Promise<void>): () => Promise<void> {
  return async () => {
    const api = new SuiteApi();
    const { transport, connect, dispose } = await create(api, { port: 0 });
    const clients: RemoteClient[] = [];
    try {
      const { url } = await transport.listen();
      const connectAs = async (key = suiteKey) => {
        const client = await connect({ url, key });
        clients.push(client);
        return client;
      };
      await body({ api, transport, url, client: await connectAs(), connect: connectAs });
    } finally {
      api.release();
      await Promise.all(clients.map((client) => client.close()));
      await dispose();
    }
  };
}

async function rejectsWith(promise: Promise<unknown>, ...codes: readonly ErrorCode[]): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(isSoulboxError(error), `not a SoulboxError: ${String(error)}`);
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
    return true;
  });
}

/** The numbers of the events of a stream, and its result. */
async function drain(client: RemoteClient, operation: string, params: unknown, signal?: AbortSignal) {
  const numbers: number[] = [];
  const results: unknown[] = [];
  for await (const item of client.stream(operation, params, signal ? { signal } : {})) {
    if ('result' in item) results.push(item.result);
    else {
      assert.equal(results.length, 0, 'an event came after the result');
      numbers.push((item.event as { n: number }).n);
    }
  }
  return { numbers, results };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

function callTests(create: Create): void {
  test(
    'whoever shows no valid key is refused, and nothing is called',
    running(create, async ({ api, connect }) => {
      for (const key of ['wrong', `${suiteKey}x`, suiteKey.toUpperCase()])
        await rejectsWith(connect(key), 'unauthenticated');
      assert.deepEqual(api.called, []);
    }),
  );
  test(
    'a call gets the answer of its operation, as the holder of the key',
    running(create, async ({ client }) => {
      const values = [
        null,
        true,
        0,
        -1.5,
        '',
        'ü\u0000\u2028"\\',
        '\u{1f600}',
        [],
        {},
        [[null]],
        { a: { b: [1, '2'] } },
      ];
      for (const value of values)
        assert.deepEqual(await client.call('suite.echo', { value }), { value, principal: suitePrincipal });
    }),
  );
  test(
    'a megabyte goes there and back',
    running(create, async ({ client }) => {
      const value = 'ä'.repeat(512 * 1024);
      assert.equal(((await client.call('suite.echo', { value })) as { value: string }).value, value);
    }),
  );
  test(
    'calls at the same time get their own answers',
    running(create, async ({ client }) => {
      const answers = await Promise.all(upTo(20).map((value) => client.call('suite.echo', { value })));
      assert.deepEqual(
        answers.map((answer) => (answer as { value: number }).value),
        upTo(20),
      );
    }),
  );
  test(
    'an error arrives with its code, message and details',
    running(create, async ({ client }) => {
      for (const code of ['conflict', 'not_found', 'permission_denied', 'storage_failed', 'overloaded'] as const) {
        await assert.rejects(client.call('suite.fail', { code }), (error) => {
          assert.ok(isSoulboxError(error));
          assert.deepEqual(error.toBody().details, { field: 'code' });
          assert.deepEqual([error.code, error.message], [code, `failed with ${code}`]);
          return true;
        });
      }
    }),
  );
  test(
    'an operation that is not there is unknown, whatever its name',
    running(create, async ({ client }) => {
      for (const name of ['suite.nothing', 'nothing', '__proto__', 'constructor', 'suite.toString'])
        await rejectsWith(client.call(name, {}), 'unknown_operation');
    }),
  );
  test(
    'parameters that do not fit are refused, and each problem is named',
    running(create, async ({ client, api }) => {
      await assert.rejects(client.call('suite.count', { to: 'x', padding: -1 }), (error) => {
        assert.ok(isSoulboxError(error));
        assert.equal(error.code, 'invalid_params');
        const problems = error.details?.['problems'] as { path: string }[];
        assert.deepEqual(
          problems.map(({ path }) => path),
          ['to', 'padding'],
        );
        return true;
      });
      await rejectsWith(client.call('suite.wait', { unknown: 1 }), 'invalid_params');
      assert.deepEqual(api.called, []);
    }),
  );
}

function streamTests(create: Create): void {
  test(
    'every event comes, in order, and the result last',
    running(create, async ({ client }) => {
      for (const to of [0, 1, 1000])
        assert.deepEqual(await drain(client, 'suite.count', { to }), { numbers: upTo(to), results: [{ to }] });
    }),
  );
  test(
    'streams at the same time do not mix',
    running(create, async ({ client }) => {
      const lengths = [100, 200, 300];
      const streams = await Promise.all(lengths.map((to) => drain(client, 'suite.count', { to, padding: 1000 })));
      assert.deepEqual(
        streams,
        lengths.map((to) => ({ numbers: upTo(to), results: [{ to }] })),
      );
    }),
  );
  test(
    'a stream that fails gives its events first',
    running(create, async ({ client }) => {
      const seen: unknown[] = [];
      const consume = async () => {
        for await (const item of client.stream('suite.count', { to: 3, fail: true })) seen.push(item);
      };
      await rejectsWith(consume(), 'conflict');
      assert.equal(seen.length, 3);
    }),
  );
  test(
    'a streaming operation can be called for its result alone',
    running(create, async ({ client }) => {
      assert.deepEqual(await client.call('suite.count', { to: 3 }), { to: 3 });
    }),
  );
  test(
    'a consumer that stops for a while stops the producer, and loses nothing',
    running(create, async ({ client, api }) => {
      const to = 2000;
      const padding = 64 * 1024;
      const seen: number[] = [];
      for await (const item of client.stream('suite.count', { to, padding })) {
        if ('result' in item) continue;
        seen.push((item.event as { n: number }).n);
        if (seen.length > 1) continue;
        // The producer is done with filling what lies between when it no longer gets on.
        for (let before = -1; before !== api.produced; await new Promise((resolve) => setTimeout(resolve, 200)))
          before = api.produced;
        assert.ok(api.produced < to, 'all 125 MiB were produced for a consumer that does not read');
      }
      assert.deepEqual(seen, upTo(to));
    }),
  );
}

function cancelTests(create: Create): void {
  test(
    'aborting a call withdraws it from the host',
    running(create, async ({ client, api }) => {
      const aborter = new AbortController();
      const call = client.call('suite.wait', {}, { signal: aborter.signal });
      await api.calls(1);
      aborter.abort();
      await rejectsWith(call, 'cancelled');
      assert.deepEqual(api.aborted, ['suite.wait']);
      assert.ok(await client.call('suite.echo', { value: 'still here' }));
    }),
  );
  test(
    'aborting a stream withdraws it from the host',
    running(create, async ({ client, api }) => {
      const aborter = new AbortController();
      const stream = drain(client, 'suite.waitStreaming', {}, aborter.signal);
      await api.calls(1);
      aborter.abort();
      await rejectsWith(stream, 'cancelled');
      assert.deepEqual(api.aborted, ['suite.wait']);
    }),
  );
  test(
    'what was aborted before is never called',
    running(create, async ({ client, api }) => {
      const signal = AbortSignal.abort();
      await rejectsWith(client.call('suite.wait', {}, { signal }), 'cancelled');
      await rejectsWith(drain(client, 'suite.waitStreaming', {}, signal), 'cancelled');
      assert.deepEqual(api.called, []);
    }),
  );
  test(
    'a client that goes away aborts nothing, and its pending calls fail',
    running(create, async ({ client, api, connect }) => {
      const other = await connect();
      const call = client.call('suite.wait', {});
      const refused = rejectsWith(call, 'cancelled');
      await api.calls(1);
      await client.close();
      await refused;
      for await (const item of other.stream('suite.waitStreaming', {})) if ('event' in item) break;
      assert.ok(await other.call('suite.echo', { value: 1 }));
      assert.deepEqual(api.aborted, []);
    }),
  );
}

function lifecycleTests(create: Create): void {
  test(
    'close answers what runs, refuses what is new, and then is over',
    running(create, async ({ client, api, transport, connect }) => {
      const call = client.call('suite.wait', {});
      const stream = drain(client, 'suite.waitStreaming', {});
      await api.calls(2);
      const closed = transport.close({ deadlineMs: 60_000 });
      await rejectsWith(client.call('suite.echo', { value: 1 }), 'draining', 'unreachable');
      await rejectsWith(connect(), 'draining', 'unreachable');
      api.release();
      assert.equal(await call, 'released');
      assert.deepEqual(await stream, { numbers: [1], results: ['released'] });
      await closed;
      await rejectsWith(connect(), 'unreachable');
    }),
  );
  test(
    'close does not wait beyond its deadline, and the caller hears of it',
    running(create, async ({ client, api, transport }) => {
      const refused = rejectsWith(client.call('suite.wait', {}), 'draining', 'unreachable');
      await api.calls(1);
      await transport.close({ deadlineMs: 50 });
      await refused;
      assert.deepEqual(api.aborted, []);
    }),
  );
  test(
    'closing again is harmless',
    running(create, async ({ transport }) => {
      await Promise.all(Array.from({ length: repeats }, () => transport.close({ deadlineMs: 100 })));
      for (let i = 0; i < repeats; i++) await transport.close({ deadlineMs: 100 });
    }),
  );
  test('what never listened can be closed', async () => {
    const { transport, dispose } = await create(new SuiteApi(), { port: 0 });
    await transport.close({ deadlineMs: 100 });
    await dispose();
  });
  test(
    'listening twice is refused, and the first goes on',
    running(create, async ({ transport, client }) => {
      await rejectsWith(transport.listen(), 'conflict');
      assert.ok(await client.call('suite.echo', { value: 1 }));
    }),
  );
  test(
    'an address in use is refused by name, and can be had once it is free',
    running(create, async ({ url, transport, client }) => {
      const port = Number(new URL(url).port);
      const second = await create(new SuiteApi(), { port });
      try {
        await assert.rejects(second.transport.listen(), (error) => {
          assert.ok(isSoulboxError(error));
          assert.equal(error.code, 'conflict');
          assert.match(error.message, new RegExp(`\\b${port}\\b`));
          return true;
        });
        assert.ok(await client.call('suite.echo', { value: 1 }));
        await transport.close({ deadlineMs: 100 });
        assert.equal((await second.transport.listen()).url, url);
      } finally {
        await second.dispose();
      }
    }),
  );
}
