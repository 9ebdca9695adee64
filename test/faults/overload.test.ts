import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSoulboxError, type ExecutionResult, type RemoteClient, type SoulboxError } from '@soulbox/plugin-sdk';
import { connect } from '@soulbox/plugin-transport-websocket/client';
import { needs } from '../support/needs.ts';
import { startHost, type RunningHost } from '../support/running-host.ts';

const seconds = Number(process.env['SOULBOX_TEST_OVERLOAD_SECONDS'] ?? 3);
const concurrency = 4;
const connections = 4;
const program = { language: 'python', code: 'print(1)' };

interface Outcome {
  readonly ms: number;
  readonly result?: ExecutionResult;
  readonly error?: SoulboxError;
}

async function run(client: RemoteClient): Promise<Outcome> {
  const begun = performance.now();
  const ms = () => performance.now() - begun;
  try {
    const result = (await client.call('executions.create', program)) as ExecutionResult;
    return { ms: ms(), result };
  } catch (thrown) {
    if (!isSoulboxError(thrown)) throw thrown;
    return { ms: ms(), error: thrown };
  }
}

function quantiles(outcomes: readonly Outcome[]): string {
  const sorted = outcomes.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? NaN).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

describe('a host that is asked for ten times what it can do', { skip: needs('python3') }, () => {
  let host: RunningHost;
  const clients: RemoteClient[] = [];
  before(async () => {
    host = await startHost({ yaml: `executions: { concurrency: ${concurrency}, queue: 16, queueMs: 2000 }` });
    for (let n = 0; n < connections; n++) clients.push(await connect({ url: host.url, key: host.key! }));
  });
  after(async () => {
    for (const client of clients) await client.close();
    await host.end('SIGTERM');
    await host.home[Symbol.asyncDispose]();
  });

  /** Each client one after the other, for a while. */
  const calm = async (): Promise<Outcome[]> => {
    const outcomes: Outcome[] = [];
    const until = performance.now() + 1_000;
    const busy = async (client: RemoteClient) => {
      while (performance.now() < until) outcomes.push(await run(client));
    };
    await Promise.all(clients.map(busy));
    return outcomes;
  };

  it('finishes what it accepts, refuses the rest as too much, and is as before afterwards', async (t) => {
    await run(clients[0]!);
    const earlier = await calm();
    const everyMs = 1_000 / (10 * earlier.length);
    const begun = performance.now();
    const offered: Promise<Outcome>[] = [];
    while (performance.now() - begun < seconds * 1_000) {
      const due = Math.floor((performance.now() - begun) / everyMs);
      while (offered.length < due) offered.push(run(clients[offered.length % connections]!));
      await sleep(2);
    }
    const outcomes = await Promise.all(offered);
    const accepted = outcomes.filter(({ result }) => result);
    const refused = outcomes.filter(({ error }) => error);
    for (const { result } of accepted) assert.deepEqual([result?.verdict, result?.stdout], ['ok', '1\n']);
    for (const { error } of refused) {
      assert.equal(error?.code, 'overloaded');
      assert.ok(Number(error?.details?.['retryAfterMs']) >= 100, JSON.stringify(error?.details));
    }
    assert.ok(accepted.length > 0 && refused.length > 0, `${accepted.length} ${refused.length}`);
    const later = await calm();
    assert.deepEqual(
      later.filter(({ error }) => error),
      [],
      'nothing is refused any more',
    );
    const { executions } = (await clients[0]!.call('host.info', {})) as { executions: unknown };
    assert.deepEqual(executions, { running: 0, waiting: 0 });
    t.diagnostic(
      `${earlier.length} a second; for ${seconds} s ${(offered.length / seconds).toFixed(0)} a second asked for`,
    );
    t.diagnostic(
      `${accepted.length} accepted, ${quantiles(accepted)}; ${refused.length} refused, ${quantiles(refused)}`,
    );
    t.diagnostic(`before: ${quantiles(earlier)}; afterwards: ${quantiles(later)}`);
  });
});
