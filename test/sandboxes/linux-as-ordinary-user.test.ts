import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runAsOrdinaryUser } from '../support/ordinary-user.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const isRoot = process.geteuid?.() === 0;

// An ordinary user's own run of the plugin's tests shows the same.
describe('the Linux driver as an ordinary user', { skip: !isRoot }, () => {
  for (const [name, least] of [
    ['conformance', 50],
    ['driver', 9],
    ['cgroups', 10],
  ] as const)
    it(`passes ${name}`, async () => {
      const script = join(repository, `plugins/sandbox-linux/dist/test/${name}.test.js`);
      const { exitCode, output } = await runAsOrdinaryUser(repository, script, ['--test-reporter=tap']);
      assert.equal(exitCode, 0, output.slice(-20_000));
      assert.ok(Number(/^# pass (\d+)/m.exec(output)?.[1]) >= least, output.slice(-2000));
    });
});
