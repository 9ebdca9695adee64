import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const fixture = fileURLToPath(new URL('fixtures/misbehaving.js', import.meta.url));

/** Runs the suite over a plugin that does one thing wrong, and returns the names of the tests that passed and failed. */
async function run(misdeed: string): Promise<{ passed: string[]; failed: string[]; output: string }> {
  // Without the mark of a test process: what runs here is a run of its own.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const child = spawn(process.execPath, ['--test-reporter=tap', fixture], {
    env: { ...env, MISDEED: misdeed },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = await text(child.stdout);
  const names = (outcome: string) =>
    [...output.matchAll(new RegExp(`^ +${outcome} \\d+ - (.*)$`, 'gm'))].map(([, name]) => name ?? '');
  return { passed: names('ok'), failed: names('not ok'), output };
}

const names = {
  traces: '10 starts and stops on the same data leave no resource, listener or file',
  twice: 'stopping twice is harmless',
  two: 'two hosts in one process do not disturb each other',
  unknown: 'settings are refused, and the host goes on: an unknown setting',
  number: 'settings are refused, and the host goes on: no number',
};

for (const misdeed of ['nothing', 'skips']) {
  test(`a plugin passes that does well: ${misdeed}`, async () => {
    const { passed, failed, output } = await run(misdeed);
    assert.deepEqual([failed, passed.toSorted()], [[], Object.values(names).toSorted()], output);
  });
}

/** What is done, the tests that find it, and what they say. */
const found: Record<string, [tests: readonly string[], says: RegExp]> = {
  timer: [[names.traces], /'Timeout'/],
  server: [[names.traces], /'TCPSERVERWRAP'/],
  listener: [[names.traces], /SIGUSR2/],
  file: [[names.traces], /'left-behind'/],
  dispose: [[names.traces, names.twice, names.two], /did not give everything back/],
  restart: [[names.traces, names.twice, names.two], /works only twice/],
  unhealthy: [[names.traces, names.two], /degraded: down/],
  config: [[names.unknown, names.number], /'active'/],
};
for (const [misdeed, [tests, says]] of Object.entries(found)) {
  test(`a plugin is found out that does ill: ${misdeed}`, async () => {
    const { failed, output } = await run(misdeed);
    assert.deepEqual(failed.toSorted(), tests.toSorted(), output);
    assert.match(output, says);
  });
}
