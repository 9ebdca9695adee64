import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { u32 } from '../src/fields.ts';
import { frameType } from '../src/protocol.ts';
import { encodeFrame } from '../src/request.ts';
import { Programs, strongestMode } from './support/program.ts';
import { RealAgent, type RunRequest } from './support/real-agent.ts';

describe('streams between a program and its client', () => {
  let programs: Programs;
  let agent: RealAgent;
  before(async () => {
    programs = new Programs();
    agent = new RealAgent(programs.agent, strongestMode);
    await agent.hello();
  });
  after(async () => {
    assert.deepEqual(await agent.close(), { code: 0, left: [] });
    programs.remove();
  });

  const request = (deeds: string[][], more: Partial<RunRequest> = {}): RunRequest => ({
    files: [['probe', programs.probe, true]],
    stages: deeds.map((deed) => ({ argv: ['/home/sandbox/probe', ...deed], stdin: deed[0] === 'echo' })),
    ...more,
  });

  it('carries bytes of every kind both ways, more than any buffer on the way holds', async () => {
    const bytes = randomBytes(3_000_000);
    const { stages, stdout } = await agent.run(request([['echo']], { stdin: bytes }));
    assert.equal(stages[0]?.verdict, 'ok');
    assert.ok(stdout.equals(bytes));
  });

  it('gives stages that take no standard input an empty one, and keeps it for the one that does', async () => {
    const stages = [{ argv: ['/home/sandbox/probe', 'echo'] }, { argv: ['/home/sandbox/probe', 'echo'], stdin: true }];
    const { stdout } = await agent.run(request([], { stages, stdin: Buffer.from('for the second') }));
    assert.equal(stdout.toString(), 'for the second');
  });

  it('cuts at the limit exactly, and marks the stream that was cut', async () => {
    const cut = await agent.run(request([['flood', '70000', 'stderr']], { limits: { output: 65_537 } }));
    assert.deepEqual([cut.stdout.length, cut.stderr.length], [0, 65_537]);
    assert.deepEqual(cut.truncated, { stdout: false, stderr: true });
    assert.equal(cut.stages[0]?.verdict, 'output-limit');
  });

  it('does not mark output that just reaches the limit', async () => {
    const whole = await agent.run(request([['flood', '65537']], { limits: { output: 65_537 } }));
    assert.equal(whole.stages[0]?.verdict, 'ok');
    assert.equal(whole.stdout.length, 65_537);
    assert.deepEqual(whole.truncated, { stdout: false, stderr: false });
  });

  it('counts the output of all stages together', async () => {
    const both = await agent.run(
      request(
        [
          ['flood', '6000'],
          ['flood', '6000'],
        ],
        { limits: { output: 10_000 } },
      ),
    );
    assert.deepEqual(
      both.stages.map(({ verdict }) => verdict),
      ['ok', 'output-limit'],
    );
    assert.equal(both.stdout.length, 10_000);
  });

  it('never sends more than the client can take, and lets the program wait', async () => {
    const run = agent.start(request([['flood', '400000']], { limits: { credit: 1000 } }));
    let received = 0;
    let granted = 1000;
    for (;;) {
      const message = (await agent.next())!;
      if (message.type === 'output') {
        received += message.data.length;
        assert.ok(received <= granted, `${received} bytes of ${granted}`);
        if (received === granted) {
          granted += 50_000;
          agent.send(encodeFrame(frameType.credit, run, u32(50_000)));
        }
      }
      if (message.type === 'end') break;
    }
    assert.equal(received, 400_000);
  });

  it('does not grow when the client grants much and reads nothing', async () => {
    const size = (): number =>
      Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${agentPid(agent)}/status`, 'latin1'))![1]);
    const idle = size();
    agent.channel.pause();
    const run = agent.start(
      request([['flood', '40000000']], { limits: { output: 50_000_000, wallMs: 1500, credit: 50_000_000 } }),
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.ok(size() - idle < 3000, `grew by ${size() - idle} kB`);
    agent.channel.resume();
    let last;
    do last = await agent.next();
    while (last?.type !== 'end');
    assert.equal(last.run, run);
  });

  it('gives the next stage streams that block, whatever the stage before made of them', async () => {
    const { stages, stdout } = await agent.run(request([['make-nonblocking'], ['flood', '300000']]));
    assert.deepEqual(
      stages.map(({ verdict }) => verdict),
      ['ok', 'ok'],
    );
    assert.equal(stdout.length, 300_000);
  });

  it('sends what a program wrote before its time was up', async () => {
    const { stages, stdout } = await agent.run(request([['say-and-pause', 'this']], { limits: { wallMs: 300 } }));
    assert.equal(stages[0]?.verdict, 'timeout');
    assert.match(stdout.toString(), /^argument this\n/);
  });
});

/** The agent itself, which the launcher waits for. */
function agentPid(agent: RealAgent): number {
  return Number(
    agent
      .processes()
      .map((entry) => entry.split('@')[0])
      .find((id) => Number(id) !== agent.pid),
  );
}
