import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RemoteClient } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { startHost, type RunningHost } from '../support/running-host.ts';

const count = 30;
// Many processes that start others are a load of their own, so they count slowly; and they end, whatever becomes of this test.
const command = 'n=0; while [ $n -lt 600 ]; do echo $n; n=$((n+1)); sleep 0.2; done';
const lines = 40;

interface Counting {
  readonly sandbox: string;
  readonly process: number;
  readonly pid: number;
}

async function clientOf(host: RunningHost, key: string): Promise<RemoteClient> {
  return connect({ url: host.url, key });
}

/** What a counting process wrote, from its first line. */
async function firstLines(client: RemoteClient, { sandbox, process }: Counting): Promise<string[]> {
  let text = '';
  const abort = new AbortController();
  const params = { sandbox, process, fromOffset: 0 };
  try {
    for await (const item of client.stream('processes.attach', params, { signal: abort.signal })) {
      if (!('event' in item)) break;
      const event = item.event as { type: string; text: string };
      assert.equal(event.type, 'output');
      text += event.text;
      if (text.split('\n').length > lines) abort.abort();
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  }
  return text.split('\n').slice(0, lines);
}

/** Tries to get out, and tells what was decided on that. */
async function refusal(client: RemoteClient, sandbox: string) {
  const argv = ['/bin/bash', '-c', 'exec 3<>/dev/tcp/8.8.8.8/53000; cat <&3'];
  const { stderr } = (await client.call('processes.run', { sandbox, argv })) as { stderr: string };
  assert.match(stderr, /reset/);
  const { network, decisions } = (await client.call('networks.get', { sandbox })) as {
    network: unknown;
    decisions: { address: string; verdict: string; reason: string }[];
  };
  const { address, verdict, reason } = decisions.at(-1)!;
  return { network, address, verdict, reason };
}

describe('sandboxes that stay', () => {
  it(`outlive a kill -9 of their host: ${count} of them, their processes running, no output lost`, async () => {
    let host = await startHost({ yaml: 'sandbox: { ready: 0 }' });
    const key = host.key!;
    let client = await clientOf(host, key);
    const made: Counting[] = [];
    const network = { mode: 'restricted', allow: ['nothing.test'] };
    const refused = { network, address: '8.8.8.8', verdict: 'refused', reason: 'not_allowed' };
    try {
      for (let index = 0; index < count; index++) {
        const params = { languages: [], ...(index === 0 ? { network } : {}) };
        const { id: sandbox } = (await client.call('sandboxes.create', params)) as { id: string };
        const { id, pid } = (await client.call('processes.start', { sandbox, command })) as { id: number; pid: number };
        made.push({ sandbox, process: id, pid });
      }
      assert.deepEqual(await refusal(client, made[0]!.sandbox), refused);
      host.child.kill('SIGKILL');
      await host.end('SIGKILL');
      await client.close();
      await sleep(500);
      host = await startHost({ yaml: 'sandbox: { ready: 0 }', home: host.home });
      client = await clientOf(host, key);
      assert.deepEqual(await refusal(client, made[0]!.sandbox), refused);
      for (const counting of made) {
        const { state } = (await client.call('sandboxes.get', { id: counting.sandbox })) as { state: string };
        assert.equal(state, 'running');
        const params = { sandbox: counting.sandbox, process: counting.process };
        const process = (await client.call('processes.get', params)) as { pid: number; state: string };
        assert.deepEqual([process.pid, process.state], [counting.pid, 'running']);
        assert.deepEqual(
          await firstLines(client, counting),
          Array.from({ length: lines }, (_, line) => String(line)),
        );
      }
    } finally {
      await client.close();
      client = await clientOf(host, key);
      for (const { sandbox } of made) await client.call('sandboxes.delete', { id: sandbox });
      await client.close();
      await host.end('SIGTERM');
      await host.home[Symbol.asyncDispose]();
    }
  });
});
