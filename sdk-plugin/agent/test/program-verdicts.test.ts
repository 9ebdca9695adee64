import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { modes, Programs } from './support/program.ts';
import { RealAgent, type Limits } from './support/real-agent.ts';

interface Case {
  readonly deed: string;
  readonly limits?: Partial<Limits>;
  readonly verdict: string;
  readonly limit?: string;
  readonly exitCode?: number;
  readonly signal?: number;
}

const mebibyte = 1024 * 1024;
const shortly: Partial<Limits> = { wallMs: 600 };
const cases: readonly Case[] = [
  { deed: 'exit 0', verdict: 'ok', exitCode: 0 },
  { deed: 'exit 3', verdict: 'exit', exitCode: 3 },
  { deed: 'exit 124', verdict: 'exit', exitCode: 124 },
  { deed: 'exit 137', verdict: 'exit', exitCode: 137 },
  { deed: 'signal 11', verdict: 'signal', signal: 11 },
  { deed: 'signal 9', verdict: 'signal', signal: 9 },
  // A program can send itself the signal of the processor limit; that uses nothing up.
  { deed: 'signal 24', verdict: 'signal', signal: 24 },
  { deed: 'pause', limits: shortly, verdict: 'timeout', limit: 'wallMs', signal: 9 },
  { deed: 'spin', limits: { cpuMs: 200 }, verdict: 'timeout', limit: 'cpuMs' },
  { deed: 'spin-in-children', limits: { cpuMs: 300 }, verdict: 'timeout', limit: 'cpuMs' },
  { deed: 'eat-memory', limits: { memory: 64 * mebibyte }, verdict: 'memory-limit', limit: 'memoryBytes' },
  { deed: 'eat-memory-in-child', limits: { memory: 64 * mebibyte }, verdict: 'memory-limit', limit: 'memoryBytes' },
  {
    deed: 'allocate-at-once 4000000000',
    limits: { memory: 64 * mebibyte },
    verdict: 'memory-limit',
    limit: 'memoryBytes',
  },
  { deed: 'hoard-sockets', limits: { memory: 64 * mebibyte }, verdict: 'memory-limit', limit: 'memoryBytes' },
  { deed: 'hide-memory', limits: { memory: 64 * mebibyte }, verdict: 'memory-limit', limit: 'memoryBytes' },
  {
    deed: 'fill-disk x',
    limits: { memory: 32 * mebibyte, disk: 512 * mebibyte },
    verdict: 'memory-limit',
    limit: 'memoryBytes',
  },
  { deed: 'fork-bomb', verdict: 'process-limit', limit: 'processes', exitCode: 6 },
  { deed: 'fork-bomb-forever', limits: shortly, verdict: 'process-limit', limit: 'processes' },
  { deed: 'fill-disk x', limits: { disk: 4 * mebibyte }, verdict: 'disk-limit', limit: 'diskBytes', exitCode: 5 },
  { deed: 'fill-disk /tmp/x', limits: { disk: 4 * mebibyte }, verdict: 'disk-limit', limit: 'diskBytes', exitCode: 5 },
  { deed: 'fill-disk /dev/shm/x', verdict: 'disk-limit', limit: 'diskBytes', exitCode: 5 },
  { deed: 'fill-inodes', verdict: 'disk-limit', limit: 'diskBytes', exitCode: 5 },
  { deed: 'flood 100000', limits: { output: 65_536 }, verdict: 'output-limit', limit: 'outputBytes' },
  { deed: 'call 169 0 0 0 0', verdict: 'denied', signal: 31 },
  { deed: 'leave-daemon', verdict: 'ok', exitCode: 0 },
  { deed: 'leave-zombies', verdict: 'ok', exitCode: 0 },
];
/** The call above is reboot, on this architecture; arm64 numbers it otherwise. */
const runnable = cases.filter(({ deed }) => process.arch === 'x64' || !deed.startsWith('call '));

for (const mode of modes)
  describe(`verdicts, as ${mode.name}`, () => {
    let programs: Programs;
    let agent: RealAgent;
    before(async () => {
      programs = new Programs();
      agent = new RealAgent(programs.agent, mode);
      await agent.hello();
    });
    after(async () => {
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
      programs.remove();
    });

    for (const { deed, limits, verdict, limit = null, exitCode, signal } of runnable)
      it(`${deed} with ${JSON.stringify(limits ?? 'ample limits')} is ${verdict}`, async () => {
        const { stages } = await agent.run({
          files: [['probe', programs.probe, true]],
          stages: [{ argv: ['/home/sandbox/probe', ...deed.split(' ')] }],
          ...(limits && { limits }),
        });
        const [end, ...others] = stages;
        assert.deepEqual(others, []);
        assert.deepEqual([end?.verdict, end?.limit], [verdict, limit]);
        if (exitCode !== undefined) assert.equal(end?.exitCode, exitCode);
        if (signal !== undefined) assert.equal(end?.signal, signal);
      });

    it('reports wall time, processor time and the highest memory use', async () => {
      const { stages } = await agent.run({
        files: [['probe', programs.probe, true]],
        stages: [{ argv: ['/home/sandbox/probe', 'spin'] }],
        limits: { cpuMs: 100 },
      });
      const [end] = stages;
      assert.ok(end);
      const { wallMs, cpuMs, peakMemoryBytes } = end;
      assert.ok(cpuMs >= 100, `${cpuMs} ms of processor time`);
      assert.ok(wallMs > 0);
      assert.ok(
        peakMemoryBytes && peakMemoryBytes > 50_000 && peakMemoryBytes < 256 * mebibyte,
        `${peakMemoryBytes} bytes`,
      );
    });

    it('runs stages in order, and ends with the first that is not ok', async () => {
      const probe = '/home/sandbox/probe';
      const { stages, stdout } = await agent.run({
        files: [['probe', programs.probe, true]],
        stages: [{ argv: [probe, 'say', 'one'] }, { argv: [probe, 'exit', '2'] }, { argv: [probe, 'say', 'never'] }],
      });
      assert.deepEqual(
        stages.map(({ index, verdict }) => [index, verdict]),
        [
          [0, 'ok'],
          [1, 'exit'],
        ],
      );
      assert.match(stdout.toString(), /argument one\n/);
      assert.doesNotMatch(stdout.toString(), /never/);
    });

    it('says of a program that is not there or not executable what a shell would', async () => {
      const absent = await agent.run({ stages: [{ argv: ['/nowhere'] }] });
      assert.deepEqual([absent.stages[0]?.verdict, absent.stages[0]?.exitCode], ['exit', 127]);
      const data = await agent.run({
        files: [['data', Buffer.from('text')]],
        stages: [{ argv: ['/home/sandbox/data'] }],
      });
      assert.deepEqual([data.stages[0]?.verdict, data.stages[0]?.exitCode], ['exit', 126]);
      assert.match(data.stderr.toString(), /cannot execute/);
    });
  });
