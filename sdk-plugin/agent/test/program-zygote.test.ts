import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameType } from '../src/protocol.ts';
import { encodeFrame } from '../src/request.ts';
import { living, namesBelow, ordinaryMode, Programs, type ShownProgram } from './support/program.ts';
import { RealAgent, warm, type RunRequest, type WarmRequest } from './support/real-agent.ts';
import { endAll, settled, waysToWait, zygoteOf } from './support/waiting.ts';
import { plainText, wallDeeds } from './support/walls.ts';

const run = ({ program }: ShownProgram, words: readonly string[], over: Partial<RunRequest> = {}): RunRequest => ({
  stages: [{ argv: [program, ...words], env: ['ONLY=this'] }],
  set: 1,
  ...over,
});
const order = ({ program }: ShownProgram, over: Partial<WarmRequest> = {}): WarmRequest => ({
  set: 1,
  kind: 'fork',
  argv: [program, 'zygote'],
  count: 1,
  ...over,
});

for (const { name, mode, delegate } of waysToWait)
  describe(`programs forked from a zygote, ${name}`, () => {
    const delegation = delegate();
    let programs: Programs;
    let shown: ShownProgram;
    let agent: RealAgent;
    before(async () => {
      programs = new Programs();
      shown = programs.shownZygote();
      const options = [...shown.options, '--max-runs', '128', ...(delegation?.arguments ?? [])];
      agent = new RealAgent(programs.agent, mode, options);
      await agent.hello();
    });
    afterEach(async () => {
      agent.send(warm(order(shown, { count: 0 })));
      await settled(agent, 0);
    });
    after(async () => {
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
      if (delegation) assert.deepEqual(await delegation.withoutRuns(), []);
      await delegation?.remove();
      programs.remove();
    });
    const keep = async (count: number, argument?: string): Promise<void> => {
      const argv = [shown.program, 'zygote', ...(argument === undefined ? [] : [argument])];
      agent.send(warm(order(shown, { count, argv })));
      if (argument === undefined) await settled(agent, count);
    };

    it('are as many as the client asks for, each used once, and get what their stage says', async () => {
      await keep(2);
      const zygote = zygoteOf(agent);
      for (let uses = 0; uses < 5; uses++) {
        const { stages, stdout } = await agent.run(
          run(shown, ['say', 'a b', ''], { files: [['file', Buffer.from('x')]] }),
        );
        assert.deepEqual([stages[0]?.verdict, stages[0]?.start], ['ok', 'warm']);
        assert.equal(stdout.toString(), 'argument a b\nargument \nenvironment ONLY=this\nfolder /home/sandbox\n');
        await settled(agent, 2);
      }
      assert.equal(zygoteOf(agent), zygote, 'it goes on');
      const { stdout } = await agent.run({
        stages: [{ argv: [shown.program, 'echo'], stdin: true }],
        set: 1,
        stdin: Buffer.from('input'),
      });
      assert.equal(stdout.toString(), 'input');
    });

    it('are forked on demand where none waits', async () => {
      await keep(1);
      const runs = Array.from({ length: 30 }, (_, index) => agent.start(run(shown, ['say', String(index)])));
      const said = new Map<number, string>();
      for (const { start, verdict } of await endAll(agent, runs, said))
        assert.deepEqual([verdict, start], ['ok', 'warm']);
      for (const [index, each] of runs.entries())
        assert.match(said.get(each) ?? '', new RegExp(`^argument ${index}\n`));
    });

    it('have the walls of those started anew', async () => {
      await keep(1);
      for (const words of wallDeeds) {
        const cold = await agent.run(run(shown, words, { set: 7 }));
        const used = await agent.run(run(shown, words));
        assert.deepEqual([cold.stages[0]?.start, used.stages[0]?.start], ['cold', 'warm']);
        // Of its init it sees the command line of the zygote, which is the language's own.
        const usedText = plainText(used.stdout).replace(/^command-line \d+$/m, 'command-line 0');
        assert.equal(usedText, plainText(cold.stdout), words.join(' '));
        assert.equal(used.stages[0]?.verdict, cold.stages[0]?.verdict, words.join(' '));
      }
    });

    it('are held to the limits', async () => {
      await keep(1);
      const limits = { memory: 48 << 20, cpuMs: 2000 };
      agent.send(warm(order(shown, { set: 2, limits })));
      for (const [words, verdict] of [
        [['spin'], 'timeout'],
        [['eat-memory'], 'memory-limit'],
        [['fork-bomb'], 'process-limit'],
        [['fill-disk', 'x'], 'disk-limit'],
        [['exit', '3'], 'exit'],
        [['signal', '11'], 'signal'],
        [['leave-daemon'], 'ok'],
      ] as const) {
        await settled(agent, 2);
        const { stages } = await agent.run(run(shown, words, { set: 2, limits }));
        assert.deepEqual([stages[0]?.start, stages[0]?.verdict], ['warm', verdict], words.join(' '));
      }
      agent.send(warm(order(shown, { set: 2, limits, count: 0 })));
    });

    it('go on while another zygote takes the place of one that was killed', async () => {
      await keep(2);
      const zygote = zygoteOf(agent);
      process.kill(zygote, 'SIGKILL');
      for (let runs = 0; runs < 4; runs++)
        assert.equal((await agent.run(run(shown, ['exit', '0']))).stages[0]?.verdict, 'ok');
      await settled(agent, 2);
      assert.notEqual(zygoteOf(agent), zygote);
    });

    it('that a zygote was asked for when it was killed are refused, and those after them are not', async () => {
      await keep(1);
      const zygote = zygoteOf(agent);
      process.kill(zygote, 'SIGSTOP');
      const first = agent.start(run(shown, ['exit', '0']));
      const asked = agent.start(run(shown, ['exit', '0']));
      for (const message of await endAll(agent, [first])) assert.equal(message.start, 'warm');
      process.kill(zygote, 'SIGKILL');
      let answer = await agent.next();
      while (answer?.type === 'stdin-credit') answer = await agent.next();
      assert.ok(answer?.type === 'refused' && answer.run === asked, JSON.stringify(answer));
      assert.deepEqual([answer.code, answer.message], ['setup', 'zygote']);
      assert.equal((await agent.run(run(shown, ['exit', '0']))).stages[0]?.verdict, 'ok');
      await settled(agent, 1);
    });

    it('that are not there yet when their run is cancelled go away', async () => {
      await keep(1);
      const zygote = zygoteOf(agent);
      process.kill(zygote, 'SIGSTOP');
      const runs = [1, 2, 3].map(() => agent.start(run(shown, ['pause'])));
      for (const each of runs) agent.send(encodeFrame(frameType.kill, each));
      for (let ended = 0; ended < runs.length;) {
        const message = await agent.next();
        assert.ok(message && message.type !== 'refused', JSON.stringify(message));
        ended += Number(message.type === 'end');
      }
      process.kill(zygote, 'SIGCONT');
      await settled(agent, 1);
      assert.equal((await agent.run(run(shown, ['exit', '0']))).stages[0]?.start, 'warm');
    });

    for (const how of ['ends', 'cannot'])
      it(`whose copy ${how === 'ends' ? 'ends at once' : 'is of no zygote'} cost runs nothing`, async () => {
        const argv = how === 'ends' ? [shown.program, 'zygote', how] : [shown.program, 'exit', '0'];
        agent.send(warm(order(shown, { count: 2, argv })));
        for (let runs = 0; runs < 20; runs++) {
          const { stages } = await agent.run(run(shown, ['exit', '3']));
          assert.deepEqual([stages[0]?.verdict, stages[0]?.start], ['exit', 'cold']);
        }
      });
  });

describe('a zygote', () => {
  let programs: Programs;
  let shown: ShownProgram;
  before(() => {
    programs = new Programs();
    shown = programs.shownZygote();
  });
  after(() => programs.remove());
  const started = async (): Promise<RealAgent> => {
    const agent = new RealAgent(programs.agent, ordinaryMode, shown.options);
    await agent.hello();
    agent.send(warm(order(shown, { count: 2 })));
    await settled(agent, 2);
    return agent;
  };

  it('is replaced when it has forked a thousand', async () => {
    const agent = await started();
    const zygote = zygoteOf(agent);
    // On a busy machine some of the runs are not forks.
    for (let done = 0; done < 1000 || zygoteOf(agent) === zygote; done += 20) {
      assert.ok(done < 4000, 'it is not replaced');
      const runs = Array.from({ length: 20 }, () => agent.start(run(shown, ['exit', '0'])));
      for (const { verdict } of await endAll(agent, runs)) assert.equal(verdict, 'ok');
      if (done >= 980) await settled(agent, 2);
    }
    assert.equal((await agent.run(run(shown, ['exit', '0']))).stages[0]?.start, 'warm');
    assert.deepEqual(await agent.close(), { code: 0, left: [] });
  });

  for (const end of ['close', 'shutdown', 'kill'] as const)
    it(`ends with the agent, asked for copies or not, by ${end}`, async () => {
      for (const asked of [false, true]) {
        const agent = await started();
        const processes = agent.processes();
        const { pid } = namesBelow(agent.pid).find(({ parent }) => parent === agent.pid)!;
        if (asked) {
          process.kill(zygoteOf(agent), 'SIGSTOP');
          for (let runs = 0; runs < 5; runs++) agent.start(run(shown, ['pause']));
        }
        if (end === 'close') agent.channel.end();
        if (end === 'shutdown') agent.send(encodeFrame(frameType.shutdown, 0));
        if (end === 'kill') process.kill(pid, 'SIGKILL');
        await agent.ended();
        assert.deepEqual(await agent.gone(processes), []);
      }
    });

  it('that never says that it is ready is given up, as is a program that was started and does not', async () => {
    const agent = new RealAgent(programs.agent, ordinaryMode, shown.options);
    await agent.hello();
    const agentOnly = agent.processes();
    for (const kind of ['start', 'fork'] as const)
      agent.send(warm(order(shown, { set: kind === 'fork' ? 1 : 2, kind, argv: [shown.program, 'pause'] })));
    const hanging = (): string[] => agent.processes().filter((entry) => !agentOnly.includes(entry));
    while (hanging().length < 3) await sleep(20);
    const first = hanging();
    // The agent has more patience than one look for what is gone.
    for (let looks = 0; looks < 12 && living(first).length > 0; looks++) await agent.gone(first);
    assert.deepEqual(living(first), []);
    assert.equal((await agent.run(run(shown, ['exit', '0']))).stages[0]?.start, 'cold');
    assert.deepEqual(await agent.close(), { code: 0, left: [] });
  });

  it('whose copies come to nothing holds a run up for a while, and no run is lost', async () => {
    const agent = new RealAgent(programs.agent, ordinaryMode, shown.options);
    await agent.hello();
    agent.send(warm(order(shown, { argv: [shown.program, 'zygote', 'pauses'] })));
    await sleep(500);
    const { stages } = await agent.run(run(shown, ['exit', '3']));
    assert.deepEqual([stages[0]?.verdict, stages[0]?.start], ['exit', 'cold']);
    assert.deepEqual(await agent.close(), { code: 0, left: [] });
  });
});
