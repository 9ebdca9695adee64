import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { Silence } from '../../src/isolation/silence.ts';
import { Watchdog } from '../../src/isolation/watchdog.ts';

it('counts the messages of each second by itself, and names a flood once', async () => {
  const said: string[] = [];
  const options = { pid: process.pid, ping: async () => true, silenceMs: 60_000, memoryBytes: 2 ** 40, messages: 10 };
  const watchdog = new Watchdog({ ...options, onViolation: (what) => said.push(what) });
  for (let n = 0; n < 10; n += 1) watchdog.message();
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  for (let n = 0; n < 10; n += 1) watchdog.message();
  assert.deepEqual(said, []);
  for (let n = 0; n < 40; n += 1) watchdog.message();
  watchdog.stop();
  assert.deepEqual(said, ['sent more than 10 messages in a second']);
});

describe('the silence of a process', () => {
  it('is the time in which it owed an answer, from look to look', () => {
    const silence = new Silence(250, 0);
    assert.equal(silence.look(250, 0, false), 0);
    assert.equal(silence.look(500, 0, true), 250);
    assert.equal(silence.look(750, 0, true), 500);
    assert.equal(silence.look(1_000, 0, false), 0);
    assert.equal(silence.look(1_250, 0, true), 250);
  });

  it('is not what the host was too busy to hear', () => {
    const silence = new Silence(250, 0);
    assert.equal(silence.look(60_000, 0, true), 250);
    assert.equal(silence.look(120_000, 0, true), 500);
  });

  it('is not what the process waited for a processor', () => {
    const silence = new Silence(250, 0);
    assert.equal(silence.look(250, 240, true), 10);
    assert.equal(silence.look(500, 490, true), 10);
    assert.equal(silence.look(750, 740, true), 10);
    assert.equal(silence.look(1_000, 740, true), 260);
    // Gone: the system no longer tells.
    assert.equal(silence.look(1_250, 0, true), 510);
  });
});

describe('a host that watches a process', () => {
  // A watchdog alone keeps no process alive.
  let alive: NodeJS.Timeout;
  before(() => (alive = setInterval(() => undefined, 60_000)));
  after(() => clearInterval(alive));

  /** What is wrong with a process that may be silent for 600 ms. */
  function watch(
    pid: number,
    ping: () => Promise<unknown>,
  ): { readonly watchdog: Watchdog; readonly said: Promise<string> } {
    let onViolation!: (what: string) => void;
    const said = new Promise<string>((resolve) => (onViolation = resolve));
    const watchdog = new Watchdog({ pid, ping, silenceMs: 600, memoryBytes: 2 ** 40, onViolation });
    watchdog.message();
    return { watchdog, said };
  }

  it('does not take its own pauses for silence', async () => {
    let enough!: (what: string) => void;
    const heard = new Promise<string>((resolve) => (enough = resolve));
    let pings = 0;
    // The answer arrives in a pause, and is there to be heard when the pause is over.
    const ping = async () => {
      if (++pings === 4) enough('nothing');
      const answer = readFile('/proc/self/stat');
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700));
      await answer;
    };
    const { watchdog, said } = watch(process.pid, ping);
    assert.equal(await Promise.race([heard, said]), 'nothing');
    watchdog.stop();
  });

  it('notices one that does not run', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    try {
      process.kill(child.pid!, 'SIGSTOP');
      assert.equal(await watch(child.pid!, () => new Promise(() => {})).said, 'did not answer for 600 ms');
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
  });
});
