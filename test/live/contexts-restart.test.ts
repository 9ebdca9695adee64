import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { needs } from '../support/needs.ts';
import { startHost, type RunningHost } from '../support/running-host.ts';

interface Ran {
  readonly state: string;
  readonly stdout: string;
  readonly results: readonly { readonly data: Record<string, unknown> }[];
}

const session = async (host: RunningHost, key: string) => {
  const client = await connect({ url: host.url, key });
  const call = async <T>(operation: string, params: object) => (await client.call(operation, params)) as T;
  return { client, call };
};

describe('contexts of a host that is killed', { skip: needs('python3') }, () => {
  it('hold what they held for the next one, and go on with their cell meanwhile', async () => {
    const options = { yaml: 'sandbox: { ready: 0 }' };
    const first = await startHost(options);
    await using _home = first.home;
    const key = first.key!;
    const before = await session(first, key);
    const { id: sandbox } = await before.call<{ id: string }>('sandboxes.create', { languages: ['python'] });
    const { state } = await before.call<Ran>('contexts.run', { sandbox, code: 'x = 40' });
    assert.equal(state, 'ok');
    // This one had waited for it, and is of the kind that the next host finds waiting.
    const made = { sandbox, language: 'python' };
    for (const value of [1, 2]) {
      const { id: context } = await before.call<{ id: string }>('contexts.create', made);
      await before.call('contexts.run', { sandbox, context, code: `y = ${value}` });
    }
    const events = before.client.stream('contexts.run', {
      sandbox,
      code: 'import time\nprint("begun")\nfor step in range(20):\n    time.sleep(0.05)\nprint("done")\nx = 41',
    });
    await events[Symbol.asyncIterator]().next();
    await first.end('SIGKILL');
    await before.client.close();

    const second = await startHost({ ...options, home: first.home });
    const after = await session(second, key);
    try {
      await after.call('contexts.create', made);
      const { contexts } = await after.call<{ contexts: { id: string }[] }>('contexts.list', { sandbox });
      assert.equal(contexts.length, 4);
      for (const [index, { id: context }] of contexts.slice(1, 3).entries()) {
        const { results } = await after.call<Ran>('contexts.run', { sandbox, context, code: 'y' });
        assert.equal(results[0]?.data['text/plain'], String(index + 1));
      }
      const ran = await after.call<Ran>('contexts.run', { sandbox, code: 'x + 1' });
      assert.deepEqual([ran.state, ran.results[0]?.data['text/plain']], ['ok', '42']);
    } finally {
      await after.call('sandboxes.delete', { id: sandbox });
      await after.client.close();
      await second.end('SIGTERM');
    }
  });
});
