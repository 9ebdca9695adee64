import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { u64 } from '../src/fields.ts';
import type { Usage } from '../src/message.ts';
import { frameType } from '../src/protocol.ts';
import { encodeFrame } from '../src/request.ts';
import { Delegation } from './support/delegation.ts';
import { ordinaryMode, Programs, strongestMode, type Mode } from './support/program.ts';
import { RealAgent, type RunRequest } from './support/real-agent.ts';

type Used = Usage['used'];
interface Count {
  readonly runs: ReadonlyMap<number, Used>;
  readonly box: Used;
}

const isRoot = strongestMode.name === 'root';
const mebibyte = 1024 * 1024;

/** How usage is counted, and the delegation that it needs. */
const ways: readonly [what: string, mode: Mode, delegate: () => Delegation | undefined][] = [
  ['by cgroups of version 1', strongestMode, () => (isRoot ? Delegation.version1(strongestMode) : undefined)],
  ['by cgroups of version 2', strongestMode, () => (isRoot ? Delegation.version2(strongestMode) : undefined)],
  ['by its own watch', ordinaryMode, () => undefined],
];

for (const [what, mode, delegate] of ways) {
  const delegation = delegate();
  const skip = what.includes('cgroups') && !delegation && 'no such cgroup can be made here';

  describe(`usage counted ${what}`, { skip }, () => {
    let programs: Programs;
    let agent: RealAgent;
    let number = 0;
    before(async () => {
      programs = new Programs();
      agent = new RealAgent(programs.agent, mode, delegation?.arguments ?? []);
      assert.equal((await agent.hello()).get('stats'), 'agent');
    });
    after(async () => {
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
      await delegation?.withoutRuns();
      await delegation?.remove();
      programs.remove();
    });

    /** Asks, passing over what runs say meanwhile. */
    const ask = async (): Promise<Count> => {
      const runs = new Map<number, Used>();
      agent.send(encodeFrame(frameType.stats, 0, u64(++number)));
      for (;;) {
        const message = await agent.next();
        assert.ok(message, 'the agent left');
        if (message.type !== 'usage') continue;
        assert.equal(message.number, number);
        if (message.run === 0) return { runs, box: message.used };
        runs.set(message.run, message.used);
      }
    };
    const until = async (holds: (count: Count) => boolean): Promise<Count> => {
      for (;;) {
        const count = await ask();
        if (holds(count)) return count;
      }
    };
    const probe = (deed: string, limits: RunRequest['limits'] = {}): number =>
      agent.start({
        files: [['probe', programs.probe, true]],
        stages: [{ argv: ['/home/sandbox/probe', ...deed.split(' ')] }],
        limits: { memory: 512 * mebibyte, wallMs: 60_000, cpuMs: 60_000, ...limits },
      });
    const end = async (run: number): Promise<void> => {
      agent.send(encodeFrame(frameType.kill, run));
      for (let message = await agent.next(); message?.type !== 'end'; message = await agent.next()) assert.ok(message);
    };

    it('tells of a box in which nothing runs', async () => {
      const { runs, box } = await ask();
      assert.equal(runs.size, 0);
      if (!delegation)
        assert.deepEqual(box, {
          cpuMs: 0,
          memoryBytes: 0,
          peakMemoryBytes: null,
          processes: 0,
          readBytes: null,
          writtenBytes: null,
        });
    });

    it('tells each run’s own, and the box’s together', async () => {
      const spinning = probe('spin');
      const sleeping = probe('pause');
      const { runs, box } = await until(
        ({ runs: seen }) =>
          (seen.get(spinning)?.cpuMs ?? 0) > 50 &&
          (seen.get(spinning)?.processes ?? 0) > 0 &&
          (seen.get(sleeping)?.processes ?? 0) > 0,
      );
      assert.deepEqual([...runs.keys()], [spinning, sleeping]);
      const [spins, sleeps] = [runs.get(spinning)!, runs.get(sleeping)!];
      assert.equal(spins.processes, 1);
      assert.equal(sleeps.processes, 1);
      assert.ok(spins.cpuMs! > sleeps.cpuMs!);
      assert.ok(spins.memoryBytes! >= 0 && spins.peakMemoryBytes! >= 0);
      assert.ok(box.cpuMs! >= 50 && box.processes! >= 2);
      await end(spinning);
      await end(sleeping);
      const rest = await ask();
      assert.equal(rest.runs.size, 0);
      assert.ok(rest.box.cpuMs! >= 50, 'what ended runs used is kept');
    });

    it('is answered as often as it is asked, at once', async () => {
      const run = probe('pause');
      const asked = 300;
      for (let i = 0; i < asked; i++) agent.send(encodeFrame(frameType.stats, 0, u64(++number)));
      let answers = 0;
      while (answers < asked) {
        const message = await agent.next();
        assert.ok(message, 'the agent left');
        if (message.type === 'usage' && message.run === 0) answers++;
      }
      await end(run);
    });
  });
}
