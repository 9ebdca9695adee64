import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Delegation } from './support/delegation.ts';
import { Programs, strongestMode } from './support/program.ts';
import { RealAgent, type Limits, type RunResult } from './support/real-agent.ts';

const mebibyte = 1024 * 1024;
const isRoot = strongestMode.name === 'root';

for (const version of [1, 2] as const) {
  const delegation = isRoot
    ? version === 1
      ? Delegation.version1(strongestMode)
      : Delegation.version2(strongestMode)
    : undefined;
  const skip = delegation === undefined && `no cgroup of version ${version} can be made here`;

  describe(`limits by cgroups of version ${version}`, { skip }, () => {
    let programs: Programs;
    let agent: RealAgent;
    let facts: ReadonlyMap<string, string>;
    const holds = (controller: string): boolean => version === 1 || delegation!.controllers.includes(controller);
    before(async () => {
      programs = new Programs();
      agent = new RealAgent(programs.agent, strongestMode, delegation!.arguments);
      facts = await agent.hello();
    });
    after(async () => {
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
      assert.deepEqual(await delegation!.withoutRuns(), []);
      await delegation!.remove();
      programs.remove();
    });

    const run = (deed: string, limits: Partial<Limits> = {}): Promise<RunResult> =>
      agent.run({
        files: [['probe', programs.probe, true]],
        stages: [{ argv: ['/home/sandbox/probe', ...deed.split(' ')] }],
        limits,
      });

    it('says what holds which limit', () => {
      const held = `cgroup-v${version}`;
      assert.equal(facts.get('memory'), holds('memory') ? held : 'rlimit,watchdog');
      assert.equal(facts.get('processes'), holds('pids') ? held : 'rlimit,watchdog');
      assert.equal(facts.get('cpu'), held);
    });

    it('brings launcher and agent below the folder', () => {
      if (version === 1) assert.equal(delegation!.members(), 2);
      else assert.deepEqual(delegation!.leaves(), ['agent']);
    });

    for (const [deed, limits, verdict] of [
      ['exit 0', {}, 'ok'],
      ['exit 137', {}, 'exit'],
      ['spin', { cpuMs: 200 }, 'timeout'],
      ['spin-in-children', { cpuMs: 300 }, 'timeout'],
      ['eat-memory', { memory: 48 * mebibyte }, 'memory-limit'],
      ['eat-memory-in-child', { memory: 48 * mebibyte }, 'memory-limit'],
      ['allocate-at-once 4000000000', { memory: 48 * mebibyte }, 'memory-limit'],
      ['hoard-sockets', { memory: 48 * mebibyte }, 'memory-limit'],
      ['hide-memory', { memory: 48 * mebibyte }, 'memory-limit'],
      ['fill-disk x', { memory: 48 * mebibyte, disk: 512 * mebibyte }, 'memory-limit'],
      ['fork-bomb', {}, 'process-limit'],
      ['fork-bomb-forever', { wallMs: 600 }, 'process-limit'],
      ['fill-disk x', {}, 'disk-limit'],
    ] as const)
      it(`${deed} with ${JSON.stringify(limits)} is ${verdict}`, async () => {
        const { stages } = await run(deed, limits);
        assert.equal(stages[0]?.verdict, verdict);
      });

    // By the wall limit it would end too, long after this test has.
    it('ends all processes of a run as soon as one was ended for want of memory', { timeout: 60_000 }, async () => {
      const { stages } = await run('eat-memory-in-children 24000000', { memory: 48 * mebibyte, wallMs: 600_000 });
      assert.equal(stages[0]?.verdict, 'memory-limit');
    });

    it('tells the usage of each stage by itself', async () => {
      const { stages } = await agent.run({
        files: [['probe', programs.probe, true]],
        stages: ['fill-disk x', 'exit 0'].map((deed) => ({
          argv: ['/home/sandbox/probe', ...deed.split(' ')],
        })),
        limits: { disk: 64 * mebibyte },
      });
      assert.equal(stages[0]?.verdict, 'disk-limit');
      assert.ok((stages[0]?.peakMemoryBytes ?? 0) > 60 * mebibyte, `${stages[0]?.peakMemoryBytes} bytes`);
      assert.ok((stages[0]?.cpuMs ?? 0) > 0);
    });

    it('hides the path of the cgroup from programs', async () => {
      const { stdout } = await run('print /proc/self/cgroup');
      for (const line of stdout.toString().trim().split('\n')) assert.match(line, /:\/$/);
    });

    it('removes the cgroups of ended runs', async () => {
      await run('leave-daemon');
      assert.deepEqual(await delegation!.withoutRuns(), []);
    });

    it('refuses a run whose cgroup cannot be made, and does not run it without', async () => {
      // Every run before has had one, and this number goes to no run.
      mkdirSync(`${delegation!.first}/run-${agent.newRun()}`);
      const { refused, message, stages } = await run('exit 0');
      assert.deepEqual([refused, message, stages], ['setup', 'cgroup-create: File exists', []]);
    });
  });
}
