import assert from 'node:assert/strict';
import { it } from 'node:test';
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
