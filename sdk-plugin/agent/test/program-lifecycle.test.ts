import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { u64 } from '../src/fields.ts';
import { frameType } from '../src/protocol.ts';
import { encodeFrame } from '../src/request.ts';
import { living, modes, Programs } from './support/program.ts';
import { RealAgent } from './support/real-agent.ts';

for (const mode of modes)
  describe(`the life of an agent, as ${mode.name}`, () => {
    let programs: Programs;
    before(() => {
      programs = new Programs();
    });
    after(() => programs.remove());

    /** An agent with a run that goes on until it is ended. */
    const busy = async (): Promise<{ agent: RealAgent; run: number; processes: string[]; ofRun: string[] }> => {
      const agent = new RealAgent(programs.agent, mode, ['--path', '/usr/bin']);
      await agent.hello();
      const idle = agent.processes();
      assert.equal(idle.length, 2, 'launcher and agent');
      const run = agent.start({
        files: [['probe', programs.probe, true]],
        stages: [{ argv: ['/home/sandbox/probe', 'say-and-pause'] }],
      });
      while ((await agent.next())?.type !== 'output') continue;
      const processes = agent.processes();
      const ofRun = processes.filter((entry) => !idle.includes(entry));
      assert.equal(ofRun.length, 2, 'init and program');
      return { agent, run, processes, ofRun };
    };

    it('ends everything when the client goes', async () => {
      const { agent } = await busy();
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
    });

    it('ends everything when the client asks', async () => {
      const { agent, processes } = await busy();
      agent.send(encodeFrame(frameType.shutdown, 0));
      assert.equal((await agent.ended()).code, 0);
      assert.deepEqual(await agent.gone(processes), []);
    });

    it('ends everything when the launcher is killed', async () => {
      const { agent, processes } = await busy();
      agent.killLauncher();
      assert.equal((await agent.ended()).signal, 'SIGKILL');
      assert.deepEqual(await agent.gone(processes), []);
    });

    it('says lost when the init of a box dies, and goes on serving', async () => {
      const { agent, ofRun } = await busy();
      process.kill(Math.min(...ofRun.map((entry) => Number.parseInt(entry, 10))), 'SIGKILL');
      const messages = [await agent.next(), await agent.next()];
      assert.equal(messages[0]?.type === 'stage-end' && messages[0].verdict, 'lost');
      assert.equal(messages[1]?.type, 'end');
      const again = await agent.run({ stages: [{ argv: ['/nowhere'] }] });
      assert.equal(again.stages[0]?.exitCode, 127);
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
    });

    it('cancels a run at any moment, and leaves nothing of it', async () => {
      const { agent, run, ofRun } = await busy();
      agent.send(encodeFrame(frameType.kill, run));
      let last;
      do last = await agent.next();
      while (last?.type !== 'end');
      assert.deepEqual(living(ofRun), [], 'gone by the time of END');
      for (const kills of [1, 2, 3]) {
        const started = agent.start({ stages: [{ argv: ['/nowhere'] }] });
        agent.send(...Array.from({ length: kills }, () => encodeFrame(frameType.kill, started)));
        do last = await agent.next();
        while (last?.type !== 'end');
        assert.equal(last.run, started);
      }
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
    });

    it('calls a running stage cancelled', async () => {
      const { agent, run } = await busy();
      agent.send(encodeFrame(frameType.kill, run));
      const end = await agent.next();
      assert.equal(end?.type === 'stage-end' && end.verdict, 'cancelled');
      assert.equal((await agent.next())?.type, 'end');
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
    });

    it('runs several at a time, each by itself, while it answers pings', async () => {
      const agent = new RealAgent(programs.agent, mode);
      await agent.hello();
      const runs = Array.from({ length: 8 }, (_, index) =>
        agent.start({
          files: [['probe', programs.probe, true]],
          stages: [{ argv: ['/home/sandbox/probe', 'exit', String(index)] }],
        }),
      );
      agent.send(encodeFrame(frameType.ping, 0, u64(77)));
      const codes = new Map<number, number | null>();
      let ended = 0;
      let pongs = 0;
      while (ended < runs.length || pongs === 0) {
        const message = await agent.next();
        if (message?.type === 'stage-end') codes.set(message.run, message.exitCode);
        if (message?.type === 'end') ended++;
        if (message?.type === 'pong') pongs += Number(message.number === 77);
      }
      assert.deepEqual(
        runs.map((run) => codes.get(run)),
        [0, 1, 2, 3, 4, 5, 6, 7],
      );
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
    });

    it('keeps no descriptor and no process of ended runs', async () => {
      const agent = new RealAgent(programs.agent, mode);
      await agent.hello();
      const runOnce = (): Promise<unknown> => agent.run({ stages: [{ argv: ['/nowhere'] }] });
      await runOnce();
      const idle = agent.processes();
      for (let count = 0; count < 300; count++) await runOnce();
      assert.deepEqual(await agent.gone(agent.processes().filter((entry) => !idle.includes(entry))), []);
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
    });

    it('proves the box by a canary', async () => {
      const secret = join(programs.folder, 'secret');
      writeFileSync(secret, 'secret', { mode: 0o644 });
      const { agent, run } = await busy();
      agent.send(encodeFrame(frameType.kill, run));
      while ((await agent.next())?.type !== 'end') continue;
      const { stdout } = await agent.run({
        files: [
          ['agent', readFileSync(programs.agent), true],
          ['readable', Buffer.from('x')],
        ],
        stages: [
          { argv: ['/home/sandbox/agent', 'canary', secret] },
          { argv: ['/home/sandbox/agent', 'canary', '/home/sandbox/readable'] },
        ],
      });
      const facts = 'interfaces=lo io_uring=refused userns=refused';
      const [unreadable, readable] = stdout.toString().split('\n');
      assert.equal(unreadable, `soulbox-canary uid=1000 pid=2 processes=2 ${facts} secret=unreadable`);
      // The program of the second stage has another process id.
      assert.match(readable ?? '', / secret=READ$/);
      assert.deepEqual(await agent.close(), { code: 0, left: [] });
    });
  });
