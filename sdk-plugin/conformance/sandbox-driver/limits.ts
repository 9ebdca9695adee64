import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Enforcement, Limits, RunOutcome } from '@soulbox/plugin-sdk';
import type { Subject } from './subject.ts';

interface Case {
  readonly title: string;
  readonly held: keyof Enforcement;
  readonly script: string;
  readonly limits: Partial<Limits>;
  readonly verdict: RunOutcome['verdict'];
  readonly limit: keyof Limits;
}

const cases: readonly Case[] = [
  {
    title: 'wall time, though signals are ignored',
    held: 'wall',
    script: 'trap "" TERM INT HUP ALRM; while :; do :; done',
    limits: { wallMs: 400 },
    verdict: 'timeout',
    limit: 'wallMs',
  },
  {
    title: 'wall time of a program that waits',
    held: 'wall',
    script: 'kill -STOP $$',
    limits: { wallMs: 400 },
    verdict: 'timeout',
    limit: 'wallMs',
  },
  {
    title: 'cpu time of all processes together',
    held: 'cpu',
    script: '(while :; do :; done) & while :; do :; done',
    limits: { cpuMs: 300 },
    verdict: 'timeout',
    limit: 'cpuMs',
  },
  {
    title: 'memory',
    held: 'memory',
    script: 'x=0123456789abcdef; while :; do x=$x$x; done',
    limits: { memoryBytes: 16 * 1024 * 1024 },
    verdict: 'memory-limit',
    limit: 'memoryBytes',
  },
  {
    title: 'processes',
    held: 'processes',
    script: 'while :; do (while :; do :; done) & done',
    limits: { processes: 8, wallMs: 10_000 },
    verdict: 'process-limit',
    limit: 'processes',
  },
  {
    title: 'disk, in the working directory',
    held: 'disk',
    script: "while printf '%65536s' x >> big; do :; done; exit 1",
    limits: { diskBytes: 1024 * 1024 },
    verdict: 'disk-limit',
    limit: 'diskBytes',
  },
  {
    title: 'disk, in /tmp',
    held: 'disk',
    script: "while printf '%65536s' x >> /tmp/big; do :; done; exit 1",
    limits: { diskBytes: 1024 * 1024 },
    verdict: 'disk-limit',
    limit: 'diskBytes',
  },
];

export function describeLimits(subject: Subject): void {
  describe('limits', () => {
    for (const { title, held, script, limits, verdict, limit } of cases)
      it(`hold ${title}`, async (test) => {
        if (subject.report.enforced[held] === 'none') return test.skip(`nothing holds ${held} here`);
        const { outcome } = await subject.run({ script, limits });
        assert.equal(outcome.verdict, verdict);
        assert.equal(outcome.stages.at(-1)?.limit, limit);
      });

    for (const stream of ['stdout', 'stderr'] as const)
      it(`cut ${stream} exactly where it ends`, async (test) => {
        if (subject.report.enforced.output === 'none') return test.skip('nothing holds output here');
        const { outcome, ...text } = await subject.run({
          script: `while :; do echo 0123456789 >&${stream === 'stdout' ? 1 : 2}; done`,
          limits: { outputBytes: 10_000 },
        });
        assert.deepEqual([outcome.verdict, outcome.stages.at(-1)?.limit], ['output-limit', 'outputBytes']);
        assert.equal(text[stream].length, 10_000);
        assert.deepEqual(outcome.truncated, { stdout: stream === 'stdout', stderr: stream === 'stderr' });
      });

    it('let output of exactly the limit pass', async () => {
      const { outcome, stdout } = await subject.run({ script: "printf '%1000s' x", limits: { outputBytes: 1000 } });
      assert.deepEqual([outcome.verdict, outcome.truncated.stdout, stdout.length], ['ok', false, 1000]);
    });

    it('leave a run beside untouched', async () => {
      const calm = subject.run({ script: 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo calm' });
      await subject.run({ script: 'while :; do (while :; do :; done) & done', limits: { processes: 8, wallMs: 1000 } });
      const { stdout, outcome } = await calm;
      assert.deepEqual([outcome.verdict, stdout], ['ok', 'calm\n']);
    });
  });
}
