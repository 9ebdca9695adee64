import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { u64 } from '../src/fields.ts';
import { frameType } from '../src/protocol.ts';
import { encodeFrame } from '../src/request.ts';
import { cpuTicks, namesBelow, Programs, strongestMode, type ShownProgram } from './support/program.ts';
import { RealAgent, warm, type RunRequest, type WarmRequest } from './support/real-agent.ts';
import { endAll, settled, waysToWait } from './support/waiting.ts';
import { plainText, wallDeeds } from './support/walls.ts';

const mebibyte = 1024 * 1024;

for (const { name, mode, delegate } of waysToWait)
  describe(`programs that wait, ${name}`, () => {
    const delegation = delegate();
    let programs: Programs;
    let probe: string;
    let agent: RealAgent;
    before(async () => {
      programs = new Programs();
      const { program, options } = programs.shownProbe();
      probe = program;
      agent = new RealAgent(programs.agent, mode, [...options, '--max-runs', '128', ...(delegation?.arguments ?? [])]);
      assert.equal((await agent.hello()).get('warm'), 'agent');
    });
    after(async () => {
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
      if (delegation) assert.deepEqual(await delegation.withoutRuns(), []);
      await delegation?.remove();
      programs.remove();
    });

    let set = 0;
    let last: WarmRequest | undefined;
    const order = (over: Partial<WarmRequest> = {}): WarmRequest => {
      const usual = { kind: 'start', argv: [probe, 'wait'], count: 1 } as const;
      return (last = { set: ++set, ...usual, ...over });
    };
    afterEach(async () => {
      if (last) await keep({ ...last, count: 0 });
      last = undefined;
    });
    const deed = (words: readonly string[], over: Partial<RunRequest> = {}): RunRequest => ({
      stages: [{ argv: [probe, ...words], env: ['ONLY=this'] }],
      ...over,
    });
    /** Asks, and waits until all that shall wait has started and what was to end has ended. */
    const keep = async (request: WarmRequest): Promise<void> => {
      agent.send(warm(request));
      await settled(agent, request.count);
    };

    it('are as many as the client asks for, and others take the place of those used', async () => {
      const request = order({ count: 3 });
      await keep(request);
      for (const count of [5, 2]) await keep({ ...request, count });
      for (let uses = 0; uses < 6; uses++) {
        const earlier = agent.processes();
        const { stages, stdout } = await agent.run(deed(['say', 'a b', ''], { set: request.set }));
        assert.deepEqual([stages[0]?.verdict, stages[0]?.start], ['ok', 'warm']);
        assert.equal(
          stdout.toString(),
          'argument a b\nargument \nenvironment ONLY=this\nfolder /home/sandbox\n',
          'its own arguments and environment',
        );
        await settled(agent, 2);
        assert.notDeepEqual(agent.processes(), earlier);
      }
      await keep({ ...request, count: 0 });
      const { stages } = await agent.run(deed(['exit', '0'], { set: request.set }));
      assert.deepEqual([stages[0]?.verdict, stages[0]?.start], ['ok', 'cold']);
    });

    it('are told apart from what executions start themselves, where that is wanted', async () => {
      const request = order();
      await keep(request);
      const limits = [{ memory: 128 * mebibyte }, { cpuMs: 5 }, { processes: 7 }, { disk: 2 * mebibyte }];
      for (const other of limits) {
        const { stages } = await agent.run(
          deed(['exit', '0'], { set: request.set, limits: { cpuMs: 9000, ...other } }),
        );
        assert.equal(stages[0]?.start, 'cold', JSON.stringify(other));
      }
      assert.equal((await agent.run(deed(['exit', '0'], { set: 4_000_000 }))).stages[0]?.start, 'cold');
      assert.equal((await agent.run(deed(['exit', '0']))).stages[0]?.start, 'cold');
      // How long it runs and how much it prints is not the box's, but the execution's.
      const brief = await agent.run(deed(['spin'], { set: request.set, limits: { wallMs: 200 } }));
      assert.deepEqual([brief.stages[0]?.start, brief.stages[0]?.limit], ['warm', 'wallMs']);
    });

    it('get standard input where the stage does, and are used for the first stage only', async () => {
      const request = order();
      await keep(request);
      const stdin = Buffer.from('input');
      for (const takes of [true, false]) {
        const { stages, stdout } = await agent.run(
          deed([], {
            set: request.set,
            stages: [{ argv: [probe, 'echo'], stdin: takes }, { argv: [probe, 'say', 'second'] }],
            ...(takes ? { stdin } : {}),
          }),
        );
        assert.deepEqual(
          stages.map(({ verdict, start }) => [verdict, start]),
          [
            ['ok', 'warm'],
            ['ok', 'cold'],
          ],
        );
        assert.equal(stdout.toString(), `${takes ? 'input' : ''}argument second\nfolder /home/sandbox\n`);
        await settled(agent, 1);
      }
    });

    it('have the walls of those started anew', async () => {
      const request = order();
      await keep(request);
      for (const words of wallDeeds) {
        const cold = await agent.run(deed(words));
        const used = await agent.run(deed(words, { set: request.set }));
        assert.deepEqual([cold.stages[0]?.start, used.stages[0]?.start], ['cold', 'warm']);
        assert.equal(plainText(used.stdout), plainText(cold.stdout), words.join(' '));
        assert.equal(used.stages[0]?.verdict, cold.stages[0]?.verdict, words.join(' '));
        await settled(agent, 1);
      }
    });

    it('find their file where they start, and take it away', async () => {
      const file = ['note', Buffer.from('x')] as const;
      const request = order({ file, argv: [probe, 'wait', 'note'] });
      await keep(request);
      const { stages, stdout } = await agent.run(
        deed(['list', '/home/sandbox'], { set: request.set, files: [['other', Buffer.from('y')]] }),
      );
      assert.deepEqual([stages[0]?.start, stdout.toString()], ['warm', 'entry other\n']);
    });

    it('have namespaces of their own, each', async () => {
      const request = order({ count: 2 });
      await keep(request);
      const kinds = ['user', 'pid', 'mnt', 'ipc', 'net', 'uts', 'cgroup'].map((kind) => `/proc/self/ns/${kind}`);
      const said = new Map<number, string>();
      // At once: what is free again may get the same number.
      const runs = [1, 2].map(() => agent.start(deed(['links', ...kinds], { set: request.set })));
      for (const { start } of await endAll(agent, runs, said)) assert.equal(start, 'warm');
      const names = [...said.values()].flatMap((text) => text.trim().split('\n'));
      assert.equal(new Set(names).size, 2 * kinds.length);
    });

    it('are held to the limits', async () => {
      const request = order({ limits: { memory: 48 * mebibyte, cpuMs: 1500 } });
      await keep(request);
      for (const [words, verdict, limits] of [
        [['spin'], 'timeout', { cpuMs: 1500 }],
        [['eat-memory'], 'memory-limit', {}],
        [['fork-bomb'], 'process-limit', {}],
        [['fill-disk', 'x'], 'disk-limit', {}],
        [['flood', '100000'], 'output-limit', { output: 1000 }],
        [['exit', '3'], 'exit', {}],
        [['signal', '11'], 'signal', {}],
        [['leave-daemon'], 'ok', {}],
      ] as const) {
        const { stages } = await agent.run(
          deed(words, { set: request.set, limits: { memory: 48 * mebibyte, cpuMs: 1500, ...limits } }),
        );
        assert.deepEqual([stages[0]?.start, stages[0]?.verdict], ['warm', verdict], words.join(' '));
        await settled(agent, 1);
      }
    });

    it('that die while they wait are missed by no run', async () => {
      const request = order({ count: 2 });
      for (const victim of ['probe', 'box-init']) {
        await keep(request);
        const victims = namesBelow(agent.pid).filter(({ name: own }) => own === victim);
        for (const { pid } of victims) process.kill(pid, 'SIGKILL');
        while (namesBelow(agent.pid).some(({ pid }) => victims.some((each) => each.pid === pid))) await sleep(5);
        const runs = [1, 2, 3].map(() => agent.start(deed(['exit', '0'], { set: request.set })));
        const verdicts = (await endAll(agent, runs)).map(({ verdict }) => verdict);
        assert.deepEqual(verdicts, ['ok', 'ok', 'ok'], victim);
      }
      await settled(agent, 2);
    });

    it('may be taken by a run that is cancelled at once', async () => {
      const request = order({ count: 2 });
      await keep(request);
      for (let kills = 0; kills < 10; kills++) {
        const run = agent.start(deed(['pause'], { set: request.set }));
        agent.send(encodeFrame(frameType.kill, run));
        for (let message = await agent.next(); message?.type !== 'end'; message = await agent.next())
          assert.ok(message);
      }
      await settled(agent, 2);
    });

    it('serve a hundred runs at once, as far as they go', async () => {
      const request = order({ count: 4 });
      await keep(request);
      const runs = Array.from({ length: 100 }, (_, index) =>
        agent.start(deed(['say', String(index)], { set: request.set })),
      );
      const said = new Map<number, string>();
      const starts = (await endAll(agent, runs, said)).map(({ start }) => start);
      for (const [index, run] of runs.entries()) assert.match(said.get(run) ?? '', new RegExp(`^argument ${index}\n`));
      assert.ok(starts.filter((start) => start === 'warm').length >= 4);
      await settled(agent, 4);
    });

    it('are part of what the box uses, and of no run', async () => {
      const request = order({ count: 2 });
      await keep(request);
      agent.send(encodeFrame(frameType.stats, 0, u64(1)));
      const answer = await agent.next();
      assert.ok(answer?.type === 'usage' && answer.run === 0);
      if (delegation) assert.ok(answer.used.processes! >= 6, `${answer.used.processes} processes`);
    });

    it('that come to nothing cost runs nothing, and the agent little', async () => {
      const failing = [
        order({ argv: ['/nowhere'] }),
        order({ argv: [probe, 'exit', '3'] }),
        order({ argv: [probe, 'pause'] }),
        order({ limits: { disk: 65_536 }, file: ['x', Buffer.alloc(100_000)] }),
      ];
      agent.send(...failing.map(warm));
      const { pid } = namesBelow(agent.pid).find(({ parent }) => parent === agent.pid)!;
      // Long enough for an agent that tries again and again without a rest to be seen.
      await sleep(1000);
      const begun = cpuTicks(pid);
      await sleep(1500);
      assert.ok(cpuTicks(pid) - begun < 75, `${cpuTicks(pid) - begun} ticks`);
      for (const { set: number } of failing) {
        const { stages } = await agent.run(deed(['exit', '0'], { set: number }));
        assert.deepEqual([stages[0]?.verdict, stages[0]?.start], ['ok', 'cold']);
      }
      agent.send(...failing.map((request) => warm({ ...request, count: 0 })));
      await settled(agent, 0);
    });
  });

describe('programs that wait where places are few', () => {
  let programs: Programs;
  let shown: ShownProgram;
  before(() => {
    programs = new Programs();
    shown = programs.shownProbe();
  });
  after(() => programs.remove());
  const request = (count: number): WarmRequest => ({
    set: 1,
    kind: 'start',
    argv: [shown.program, 'wait'],
    count,
  });

  for (const places of [1, 2, 5])
    it(`leave runs all ${places} of them`, async () => {
      const agent = new RealAgent(programs.agent, strongestMode, [...shown.options, '--max-runs', String(places)]);
      await agent.hello();
      agent.send(warm(request(20)));
      await settled(agent, Math.max(1, places - Math.floor(places / 4)));
      for (let round = 0; round < 5; round++) {
        const runs = Array.from({ length: places }, () => agent.start({ stages: [{ argv: ['/nowhere'] }] }));
        const codes = (await endAll(agent, runs)).map(({ exitCode }) => exitCode);
        assert.deepEqual(
          codes,
          runs.map(() => 127),
        );
      }
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
    });

  it('are of 64 sets at most; what is beyond is started by its runs', async () => {
    const agent = new RealAgent(programs.agent, strongestMode);
    await agent.hello();
    const nothing = { ...request(1), argv: ['/nowhere'] };
    for (let set = 1; set <= 65; set++) agent.send(warm({ ...nothing, set }));
    const { stages } = await agent.run({ stages: [{ argv: ['/nowhere'] }], set: 65 });
    assert.equal(stages[0]?.exitCode, 127);
    assert.deepEqual(await agent.close(), { code: 0, left: [] });
  });

  it('end with the agent, however it ends', async () => {
    for (const end of ['close', 'shutdown', 'kill'] as const) {
      const agent = new RealAgent(programs.agent, strongestMode, shown.options);
      await agent.hello();
      agent.send(warm(request(3)));
      await settled(agent, 3);
      const processes = agent.processes();
      const { pid } = namesBelow(agent.pid).find(({ parent }) => parent === agent.pid)!;
      if (end === 'close') agent.channel.destroy();
      if (end === 'shutdown') agent.send(encodeFrame(frameType.shutdown, 0));
      if (end === 'kill') process.kill(pid, 'SIGKILL');
      await agent.ended();
      assert.deepEqual(await agent.gone(processes), [], end);
    }
  });
});
