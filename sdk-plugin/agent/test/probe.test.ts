import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SoulboxError, type DriverReport, type RunEvent, type RunOutcome } from '@soulbox/plugin-sdk';
import { enforcementFrom } from '../src/enforcement.ts';
import { hostIdentity } from '../src/host-identity.ts';
import { probeWithCanary } from '../src/probe.ts';

const enforced = enforcementFrom(new Map([['network', 'none']]));
const fine = 'soulbox-canary uid=1000 pid=2 processes=2 interfaces=lo io_uring=allowed secret=unreadable\n';
const end = (verdict: RunOutcome['verdict']): RunEvent => ({
  type: 'end',
  outcome: { verdict, exitCode: 0, signal: null, stages: [], truncated: { stdout: false, stderr: false }, enforced },
});
const says = (text: string): RunEvent => ({ type: 'stdout', data: Buffer.from(text) });

/** Probes a driver whose canary does this; asserts that its box went if it came. */
async function probe(events: readonly RunEvent[], failure?: Error): Promise<DriverReport> {
  const boxes: string[] = [];
  const report = await probeWithCanary(
    {
      create: async (spec) => {
        if (failure) throw failure;
        assert.deepEqual(spec, { paths: [], image: 'x', labels: { purpose: 'canary' } });
        boxes.push('a');
        return { id: 'a', state: 'running', createdAt: '', labels: {} };
      },
      async *run() {
        yield* events;
      },
      destroy: async (id) => void boxes.splice(boxes.indexOf(id), 1),
    },
    {
      program: process.execPath,
      deploymentId: 'probe',
      identity: hostIdentity(),
      spec: { paths: [], image: 'x' },
      adviceFor: ({ level }) => [`more than ${level}`],
      signal: new AbortController().signal,
    },
  );
  assert.deepEqual(boxes, []);
  return report;
}

describe('probeWithCanary', () => {
  it('reports what held a canary that lived, with advice', async () => {
    const report = await probe([{ type: 'stage', name: 'run' }, says(fine), end('ok')]);
    const capabilities = ['stats'];
    assert.deepEqual(report, { available: true, reason: null, enforced, capabilities, advice: ['more than weak'] });
  });

  const faults: readonly (readonly [string, readonly RunEvent[], string])[] = [
    ['printed nothing', [end('ok')], 'the canary printed nothing'],
    ['got out', [says(fine.replace('unreadable', 'abc')), end('ok')], 'the canary got past a wall: secret'],
    ['was ended', [says(fine), end('timeout')], 'the canary ended with verdict timeout'],
    ['did not end', [says(fine)], 'the canary did not end'],
  ];
  for (const [what, events, reason] of faults)
    it(`is not available where the canary ${what}`, async () => {
      const report = await probe(events);
      assert.deepEqual([report.available, report.reason, report.enforced.level], [false, reason, 'none']);
    });

  it('passes on why no box could be made, and what to do', async () => {
    const unavailable = new SoulboxError('sandbox_unavailable', 'no', { details: { advice: ['do this', 2] } });
    assert.deepEqual((await probe([], unavailable)).advice, ['do this', '2']);
    const plain = await probe([], new SoulboxError('sandbox_unavailable', 'no'));
    assert.deepEqual([plain.reason, plain.advice.length], ['no', 1]);
    assert.equal((await probe([], new Error('/secret'))).reason, 'the canary failed');
  });
});
