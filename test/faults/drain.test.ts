import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSoulboxError, type ExecutionEvent, type ExecutionResult, type RemoteClient } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { needs } from '../support/needs.ts';
import { startHost, type RunningHost } from '../support/running-host.ts';
import { makeHome, type Home } from '../support/soulbox.ts';
import { deploymentCgroups, deploymentIdOf, descendants, stillThere } from './traces.ts';

/** An execution that is under way, and the result that its client waits for. */
interface Running {
  readonly id: string;
  readonly result: Promise<ExecutionResult>;
}

async function begin(client: RemoteClient, code: string): Promise<Running> {
  let started: (id: string) => void = () => undefined;
  const begun = new Promise<string>((resolve) => (started = resolve));
  const params = { language: 'python', code, limits: { wallMs: 60_000 }, stream: true };
  const follow = async (): Promise<ExecutionResult> => {
    for await (const item of client.stream('executions.create', params)) {
      if ('result' in item) return item.result as ExecutionResult;
      const { type, id } = item.event as ExecutionEvent;
      if (type === 'stdout') started(id);
    }
    throw new Error('the call ended without an answer');
  };
  const result = follow();
  const id = await Promise.race([begun, result.then((early) => assert.fail(`it ended early: ${early.verdict}`))]);
  return { id, result };
}

/** Calls until the host refuses, which it does from the moment that it has seen the signal; resolves with the code. */
async function refusal(client: RemoteClient): Promise<string> {
  for (;;) {
    try {
      await client.call('executions.create', { language: 'python', code: '' });
      await sleep(5);
    } catch (thrown) {
      if (isSoulboxError(thrown)) return thrown.code;
      throw thrown;
    }
  }
}

describe('a host that is asked to stop', { skip: needs('python3') }, () => {
  let home: Home;
  let host: RunningHost;
  let client: RemoteClient;

  const start = async (drainMs: number, key?: string): Promise<string> => {
    host = await startHost({ home, yaml: `host: { drainMs: ${drainMs} }` });
    const known = key ?? host.key!;
    client = await connect({ url: host.url, key: known });
    return known;
  };
  beforeEach(async () => {
    home = await makeHome();
  });
  afterEach(async () => {
    await client.close();
    await host.end('SIGTERM');
    assert.deepEqual(await deploymentCgroups(await deploymentIdOf(home)), []);
    await home[Symbol.asyncDispose]();
  });

  it('finishes what runs, refuses what comes with a code of its own, and leaves nothing', async () => {
    await start(30_000);
    const running = await begin(client, 'import time\nprint("begun", flush=True)\ntime.sleep(2)\nprint("finished")');
    const processes = await descendants(host.child.pid!);
    assert.ok(processes.length > 1, 'the program has no process');
    const exit = host.end('SIGTERM');
    assert.equal(await refusal(client), 'draining');
    const result = await running.result;
    assert.equal(result.verdict, 'ok');
    assert.equal(result.stdout, 'begun\nfinished\n');
    assert.equal(await exit, 0);
    assert.match(host.output(), /^stopping: SIGTERM\n(.*\n)*stopped$/m);
    assert.deepEqual(await stillThere(processes), []);
  });

  it('cancels what does not finish within the grace, and has told its client and its store', async () => {
    const key = await start(300);
    const running = await begin(client, 'import time\nprint("begun", flush=True)\ntime.sleep(50)');
    const exit = host.end('SIGTERM');
    const { verdict } = await running.result;
    assert.equal(verdict, 'cancelled');
    assert.equal(await exit, 0);
    await client.close();
    await start(300, key);
    const kept = (await client.call('executions.get', { id: running.id })) as ExecutionResult;
    assert.deepEqual([kept.status, kept.verdict], ['settled', 'cancelled']);
  });

  it('stops at once at the second signal', async () => {
    await start(60_000);
    const running = await begin(client, 'import time\nprint("begun", flush=True)\ntime.sleep(50)');
    const exit = host.end('SIGTERM');
    assert.equal(await refusal(client), 'draining');
    host.child.kill('SIGTERM');
    assert.equal((await running.result).verdict, 'cancelled');
    assert.equal(await exit, 1);
  });
});
