import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { root } from '../support/soulbox.ts';
import { faults, type OverloadResult } from './overload.ts';
import { judge, type SoakSample, type SoakVerdict } from './soak.ts';

/** Long runs, in a form that is short enough for a test. */
describe('npm run bench, one host for long', () => {
  const main = join(root, 'test/dist/bench/main.js');
  let folder: string;
  const bench = (...args: string[]) =>
    promisify(execFile)(process.execPath, [main, ...args, '--out', folder], { cwd: root });
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'soulbox-bench-test-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('runs mixed programs in a row and shows what the host holds', async () => {
    await bench('soak', '--executions', '120', '--clients', '4', '--samples', '4').catch((error: { code: number }) =>
      // So short, it may well have grown.
      assert.equal(error.code, 1),
    );
    const { samples, verdict } = JSON.parse(await read('soak.json')) as { samples: SoakSample[]; verdict: SoakVerdict };
    assert.deepEqual(
      samples.map(({ executions }) => executions),
      [30, 60, 90, 120],
    );
    assert.ok(samples.every(({ rssBytes, descriptors, zombies }) => rssBytes > 0 && descriptors > 0 && zombies === 0));
    assert.ok(verdict.p99Ratio > 0);
    assert.match(await read('soak.md'), /\| 120 \|/);
  });

  it('asks for more than there is, and nothing is lost', async () => {
    await bench('overload', '--seconds', '2').catch((error: { code: number }) => assert.equal(error.code, 1));
    const { result } = JSON.parse(await read('overload.json')) as { result: OverloadResult };
    assert.deepEqual(result.failures, {});
    assert.ok(result.accepted > 0 && result.capacity > 0);
  });
});

describe('verdicts', () => {
  const sample: SoakSample = {
    ...{ executions: 1, p50: 1, p99: 10, perSecond: 1, cpuMs: 1, rssBytes: 1000, descriptors: 5, processes: 3 },
    ...{ zombies: 0, cgroups: 2, mounts: 7, temporaryFiles: 0, databaseBytes: 1 },
  };
  const samples = (last: Partial<SoakSample>) => [
    sample,
    sample,
    ...Array.from({ length: 8 }, () => ({ ...sample, ...last })),
  ];

  it('a host is flat that holds as much at the end as at the beginning', () => {
    assert.deepEqual(judge(samples({ p99: 11, rssBytes: 1050, databaseBytes: 9 })), { grown: [], p99Ratio: 1.1 });
    assert.deepEqual(judge(samples({ descriptors: 6, zombies: 1, rssBytes: 1200 })).grown, [
      'descriptors: 5 to 6',
      'zombies: 0 to 1',
      'rssBytes: 0.001 to 0.001 MiB',
    ]);
  });

  it('an overload must be refused, quickly, and end', () => {
    const times = { p50: 1, p95: 2, p99: 3 };
    const good: OverloadResult = {
      ...{ capacity: 10, asked: 100, normal: times, accepted: 5, acceptedLatency: times },
      ...{ refused: 5, refusedLatency: times, failures: {}, recoveredMs: 10 },
    };
    assert.deepEqual(faults(good), []);
    const slow = { ...good, recoveredMs: null, refusedLatency: { ...times, p99: 1000 }, failures: { lost: 2 } };
    assert.deepEqual(faults(slow), [
      '2 times lost',
      'latency was not normal again within 10 s',
      'refusals took 1000 ms (p99)',
    ]);
    assert.equal(faults({ ...good, accepted: 0, refused: 0 }).length, 2);
  });
});
