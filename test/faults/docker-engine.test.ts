import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionResult, RemoteClient } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { noEngine, type DockerEngine } from '../support/docker/engine.ts';
import { languageImage, startEngine, startHostOn } from '../support/docker/host.ts';
import type { RunningHost } from '../support/running-host.ts';

const callTimeoutMs = 2000;
const forever = 'import time\nprint("up", flush=True)\ntime.sleep(3600)';

describe('a host whose Docker engine fails', { skip: noEngine }, () => {
  let engine: DockerEngine;
  let host: RunningHost;
  let client: RemoteClient;

  const run = async (code: string, language = 'python'): Promise<ExecutionResult> =>
    (await client.call('executions.create', { language, code, limits: { wallMs: 60_000 } })) as ExecutionResult;
  /** Runs until it works, and resolves with that result: what goes wrong before must be worth a retry. */
  const runAgain = async (code: string): Promise<ExecutionResult> => {
    for (;;) {
      const result = await run(code);
      if (result.verdict === 'ok') return result;
      assertRetryable(result);
      await sleep(100);
    }
  };
  /** Starts a program that would never end; resolves, once it runs, with its end to come. */
  const startForever = async (): Promise<{ readonly ended: Promise<ExecutionResult> }> => {
    const params = { language: 'python', code: forever, limits: { wallMs: 60_000 }, stream: true };
    const items = client.stream('executions.create', params)[Symbol.asyncIterator]();
    const until = async (isWanted: (item: object) => boolean): Promise<unknown> => {
      for (;;) {
        const { value, done } = await items.next();
        assert.ok(!done, 'the call ended without an answer');
        if (isWanted(value)) return value;
      }
    };
    await until((item) => 'event' in item && (item.event as { type: string }).type === 'stdout');
    const ended = until((item) => 'result' in item).then((item) => (item as { result: ExecutionResult }).result);
    return { ended };
  };

  before(async () => {
    engine = await startEngine();
    const docker = `callTimeoutMs: ${callTimeoutMs}, graceMs: 2000, reconcileMs: 1000`;
    // Python prefers Docker; JavaScript has nothing there that runs.
    const yaml = 'sandbox: { ready: 0, languages: { python: [docker, linux], javascript: [linux] } }';
    host = await startHostOn({ engine, docker, yaml });
    client = await connect({ url: host.url, key: host.key! });
  });
  after(async () => {
    await client?.close();
    await host?.end('SIGTERM');
    await host?.home[Symbol.asyncDispose]();
    await engine?.stop();
  });

  it('loses what ran in a container that is removed, and gives the next a new one', async () => {
    const first = await run('print(1)');
    assert.deepEqual([first.verdict, first.sandbox?.driver], ['ok', 'docker']);
    const { ended } = await startForever();
    const containers = await engine.containers();
    await engine.docker('rm', '--force', ...containers);
    assertRetryable(await ended);
    const next = await runAgain('print(2)');
    assert.deepEqual([next.stdout, next.sandbox?.driver], ['2\n', 'docker']);
    assert.notEqual(next.sandbox?.id, first.sandbox?.id);
  });

  it('replaces a container that died while nothing ran in it', async () => {
    await engine.docker('rm', '--force', ...(await engine.containers()));
    assert.equal((await runAgain('print(3)')).sandbox?.driver, 'docker');
  });

  it('answers within the deadline while the engine stands still, and goes on with the other driver', async (t) => {
    // Its box may still work: a new one is what an engine that stands still cannot give.
    await engine.docker('rm', '--force', ...(await engine.containers()));
    await sleep(200);
    await engine.signal('SIGSTOP');
    const begun = performance.now();
    const [stalled, beside] = await Promise.all([run('print(4)'), run('console.log(5)', 'javascript')]);
    t.diagnostic(`answered after ${Math.round(performance.now() - begun)} ms; a call may take ${callTimeoutMs} ms`);
    assert.deepEqual([beside.verdict, beside.stdout, beside.sandbox?.driver], ['ok', '5\n', 'linux']);
    if (stalled.verdict !== 'ok') assertRetryable(stalled);
    assert.equal((await runAgain('print(6)')).sandbox?.driver, 'linux');
    await engine.signal('SIGCONT');
    await untilOn('docker');
  });

  it('loses what ran when the engine is killed, goes on with the other driver, and comes back', async (t) => {
    const { ended } = await startForever();
    await engine.signal('SIGKILL');
    assertRetryable(await ended);
    assert.equal((await runAgain('print(7)')).sandbox?.driver, 'linux');
    await engine.startAgain();
    const begun = performance.now();
    assert.equal((await runAgain('print(8)')).stdout, '8\n');
    t.diagnostic(`the first execution ran ${Math.round(performance.now() - begun)} ms after the engine was back`);
    await untilOn('docker');
  });

  it('goes on with the other driver when the image is missing, and says what to do where there is no other driver', async () => {
    const home = host.home;
    await client.close();
    assert.equal(await host.end('SIGTERM'), 0, host.output());
    assert.deepEqual(await engine.containers(), []);
    await engine.docker('rmi', '--force', languageImage);
    const key = host.key!;
    host = await startHostOn({ engine, home, yaml: 'sandbox: { languages: { python: [docker, linux] } }' });
    client = await connect({ url: host.url, key });
    assert.equal((await run('print(9)')).sandbox?.driver, 'linux');
    await client.close();
    await host.end('SIGTERM');
    host = await startHostOn({ engine, home, yaml: 'sandbox: { driver: docker }' });
    client = await connect({ url: host.url, key });
    await assert.rejects(run('print(10)'), {
      code: 'language_unavailable',
      message: `python: the engine has no image "${languageImage}"; build it: soulbox images build`,
    });
  });

  /** Python comes back to the driver that it prefers. */
  async function untilOn(driver: string): Promise<void> {
    while ((await runAgain('print(0)')).sandbox?.driver !== driver) await sleep(200);
  }
});

/** Ended by the host's trouble, and not as a mistake of the program's. */
function assertRetryable({ verdict, error, stderr }: ExecutionResult): void {
  assert.equal(verdict, 'lost', stderr);
  assert.ok(['sandbox_lost', 'runtime_unavailable'].includes(error?.code ?? ''), error?.code);
  assert.equal(error?.retryable, true);
}
