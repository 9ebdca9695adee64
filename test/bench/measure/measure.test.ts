import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it, test } from 'node:test';
import { promisify } from 'node:util';
import { closedLoop, openLoop } from './load.ts';
import { ProcessorClock } from './processor-time.ts';
import { distribution, median, percentile, spread } from './statistics.ts';

const execute = promisify(execFile);

describe('statistics', () => {
  it('medians and percentiles are values of what was measured, or lie between two of them', () => {
    assert.equal(median([]), 0);
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    const hundred = Array.from({ length: 100 }, (_, n) => n + 1);
    assert.deepEqual(
      [0.5, 0.95, 0.99, 1].map((share) => percentile(hundred, share)),
      [51, 96, 100, 100],
    );
    assert.equal(percentile([], 0.5), 0);
  });

  it('a distribution is that of all rounds, and tells how far they lie apart', () => {
    const all = distribution([[5, 1, 3], [], [20]]);
    assert.deepEqual(all, {
      ...{ count: 4, p50: 4, p95: 20, p99: 20, max: 20, sorted: [1, 3, 5, 20] },
      rounds: { median: 11.5, min: 3, max: 20 },
    });
    assert.equal(distribution([[], []]), undefined);
    assert.deepEqual(spread([2, 9, 4]), { median: 4, min: 2, max: 9 });
    assert.equal(spread([]), undefined);
  });
});

describe('load', () => {
  it('in a closed loop each client has one execution at a time', async () => {
    const running = new Map<number, number>();
    let most = 0;
    const { times, elapsedMs } = await closedLoop(
      async (client) => {
        running.set(client, (running.get(client) ?? 0) + 1);
        most = Math.max(most, ...running.values());
        await new Promise((resolve) => setTimeout(resolve, 2));
        running.set(client, running.get(client)! - 1);
      },
      3,
      30,
    );
    assert.deepEqual([...running.keys()], [0, 1, 2]);
    assert.equal(most, 1);
    assert.ok(times.length >= 3 && elapsedMs >= 30);
  });

  it('in an open loop executions come however long others take', async () => {
    let running = 0;
    let most = 0;
    const times = await openLoop(
      async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 300));
        running -= 1;
      },
      200,
      200,
      4,
    );
    // The random moments are the same each time.
    assert.ok(times.length > 10 && times.length < 100, String(times.length));
    assert.ok(most > 10, String(most));
    assert.ok(times.every((time) => time >= 298));
  });

  it('an execution that fails ends the measurement', async () => {
    const fails = () => Promise.reject(new Error('printed something else'));
    await assert.rejects(closedLoop(fails, 2, 10), /printed something else/);
    await assert.rejects(openLoop(fails, 100, 50, 2), /printed something else/);
  });
});

test('processor time of what lost its parents on the way is counted too, where cgroups may be made', async (t) => {
  const clock = await ProcessorClock.begin();
  try {
    const burn = 'n=0; while [ $n -lt 200000 ]; do n=$((n+1)); done';
    const workers = { roots: [] };
    const first = await clock.readMs(workers);
    await execute('sh', ['-c', burn]);
    const waitedFor = (await clock.readMs(workers))! - first!;
    // Its parent is gone before it ends; only the pipe, which it holds open, tells when it does.
    await execute('sh', ['-c', `(${burn}) &`]);
    const leftAlone = (await clock.readMs(workers))! - first! - waitedFor;
    t.diagnostic(`${waitedFor.toFixed(0)} ms by a child, ${leftAlone.toFixed(0)} ms by a grandchild`);
    assert.ok(waitedFor > 20, String(waitedFor));
    if (clock.countsOrphans) assert.ok(leftAlone > waitedFor / 3, String(leftAlone));
  } finally {
    await clock.end();
  }
});
