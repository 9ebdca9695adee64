import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvent } from '@soulbox/plugin-sdk';
import { ScriptedDriver } from '@soulbox/plugin-sdk/testing';

const limits = { wallMs: 1, cpuMs: 1, memoryBytes: 1, outputBytes: 1, processes: 1, diskBytes: 1 };

/** Plays a script in a box of its own and tells its output, line by line, and how it ended. */
async function play(script: string, signal: AbortSignal): Promise<readonly [output: string, ending: string]> {
  const driver = new ScriptedDriver();
  const { id } = await driver.create({ paths: [], labels: {} });
  const spec = { id: 'x', files: [{ path: 'main.script', content: Buffer.from(script) }], stages: [], limits };
  const events: RunEvent[] = [];
  for await (const event of driver.run(id, spec, { signal })) events.push(event);
  const output = events.flatMap((event) => ('data' in event ? [Buffer.from(event.data).toString('latin1')] : []));
  const end = events.at(-1);
  assert.ok(end?.type === 'end' && events[0]?.type === 'stage');
  return [output.join(''), `${end.outcome.verdict} ${end.outcome.exitCode ?? end.outcome.signal}`];
}

test('a script is played line by line to its end', async () => {
  const { signal } = new AbortController();
  assert.deepEqual(await play('out one\nerr two\nbytes 78\nexit 3\nout never', signal), ['one\ntwo\nx', 'exit 3']);
  assert.deepEqual(await play('sleep 1\nout done', signal), ['done\n', 'ok 0']);
  assert.deepEqual(await play('crash\nout never', signal), ['', 'signal SIGSEGV']);
  assert.deepEqual(await play('lose', signal), ['', 'lost null']);
});

test('a script that is cancelled says so', async () => {
  assert.deepEqual(await play('out never', AbortSignal.abort()), ['', 'cancelled null']);
  assert.deepEqual(await play('sleep 60000\nout never', AbortSignal.timeout(5)), ['', 'cancelled null']);
});
