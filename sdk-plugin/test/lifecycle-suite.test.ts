import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFixture } from './support/run-fixture.ts';

const run = (misdeed: string) => runFixture('misbehaving', { MISDEED: misdeed });

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

test('a plugin may take settings that it does not name', async () => {
  const { passed, failed, output } = await run('open');
  assert.deepEqual([failed, passed.length], [[], Object.values(names).length - 1], output);
  assert.ok(!passed.includes(names.unknown));
});

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
