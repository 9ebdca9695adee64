import assert from 'node:assert/strict';
import { chmod, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { sweepPackages } from '../../src/packages/trees.ts';
import { startCli } from '../support/cli-child-process.ts';
import { processLives, until } from '../support/isolated-plugin.ts';
import { pluginHome, type Entry, type PluginHome } from '../support/plugin-home.ts';

/** An add that waits in the midst of npm's work, and the pid of that. */
async function halfway(home: PluginHome) {
  const pidFile = `${home.folder}/npm.pid`;
  const npm = await home.file('bin/npm', `#!/bin/sh\necho $$ > ${pidFile}\nexec sleep 1000\n`);
  await chmod(npm, 0o755);
  const args = ['plugins', 'add', await home.packed('1.0.0'), '--yes', '--config', home.config];
  const cli = startCli(args, { PATH: `${home.folder}/bin:${process.env['PATH']}` });
  const pid = async () => Number(await readFile(pidFile, 'utf8').catch(() => ''));
  await until(async () => (await pid()) > 0, 'npm is at work');
  return { cli, npmPid: await pid() };
}

describe('an add that is interrupted', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`by ${signal} undoes what it did`, async () => {
      await using home = await pluginHome();
      const before = await home.configText();
      const { cli, npmPid } = await halfway(home);
      cli.child.kill(signal);
      assert.equal(await cli.exited, 125);
      assert.match(cli.errors(), /^soulbox: cancelled: /);
      assert.deepEqual([await home.configText(), await home.kept(), await home.changes()], [before, [], []]);
      await until(() => !processLives(npmPid), 'npm ends too');
    });

  it('by SIGKILL leaves the old state, and what is half done is swept away by a later one', async () => {
    await using home = await pluginHome();
    const before = await home.configText();
    const { cli, npmPid } = await halfway(home);
    cli.child.kill('SIGKILL');
    await cli.exited;
    process.kill(npmPid, 'SIGKILL');
    assert.equal(await home.configText(), before);
    assert.ok((await home.kept()).some((path) => path.startsWith('.staging-')));
    const added = await home.plugins('add', await home.packed('1.0.0'), '--yes');
    assert.equal(added.code, 0, added.stderr);
    await sweepPackages(`${home.folder}/data`, Date.now() + 2 * 3_600_000);
    assert.ok(!(await home.kept()).some((path) => path.startsWith('.staging-')));
    assert.equal(((await home.entries())['p'] as Entry).version, '1.0.0');
  });
});
