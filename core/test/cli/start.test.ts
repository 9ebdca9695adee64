import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { makeHome, type Home } from '../support/cli-home.ts';
import { startCli, type CliProcess } from '../support/cli-child-process.ts';

const usual = ['sandbox', 'store', 'wire'];

async function started(home: Home, env: Readonly<Record<string, string>> = {}): Promise<CliProcess> {
  const cli = startCli(['start', '--config', home.config], env);
  await cli.prints(/^ready after/m);
  return cli;
}

describe('soulbox start', () => {
  it('tells what is there and where, then serves until a signal and stops in order', async () => {
    await using home = await makeHome([...usual, 'languages', 'broken'], {
      plugins: { broken: { package: './broken', config: { port: 1 } } },
    });
    const cli = await started(home, { FIRST: '1', ADVICE: '1' });
    assert.doesNotMatch(cli.output(), /canary/, 'it serves before it has tried every language');
    await cli.prints(/^ {2}script .*$/m);
    const output = cli.output();
    for (const line of [
      /^soulbox \d+\.\d+\.\d+ {2}.*soulbox\.yaml$/m,
      /^ {2}sandbox +1\.2\.3 +active +\d+ ms$/m,
      /^ {2}broken +1\.2\.3 +failed +bad wiring$/m,
      /^ {2}scripted enforces: standard$/m,
      /^ {2}seccomp +scripted$/m,
      /^ {2}advice delegate a cgroup$/m,
      /^ {2}script +1\.0\.0 +canary ok \d+ ms$/m,
      /^ {2}lying +1 +not usable lying: its canary failed: it printed something else than it should$/m,
      /^ {2}planless +1 +not usable planless: its canary failed: no plan$/m,
      /^ {2}missing +missing +install it$/m,
      /^admin key \(shown only now; keep it\)\n {2}sbx_first$/m,
      /^listening on test:\/\/here$/m,
      /SOULBOX_KEY=sbx_first .*soulbox run/,
    ])
      assert.match(output, line);
    cli.child.kill('SIGTERM');
    assert.equal(await cli.exited, 0);
    assert.match(cli.output(), /stopping: SIGTERM\nstopped\n$/);
    assert.equal(cli.errors(), '');
  });

  it('does not wait long for a language that is busy with what it does once', async () => {
    await using home = await makeHome([...usual, 'languages'], { host: { canaryMs: 500 } });
    const cli = await started(home, { BUSY: '1' });
    await cli.prints(/^ {2}planless +1 +not ready yet$/m);
    await cli.prints(/^ {2}script +1\.0\.0 +canary ok \d+ ms$/m);
    cli.child.kill('SIGTERM');
    assert.equal(await cli.exited, 0);
  });

  it('starts where no sandbox can be had, says so, and what to do', async () => {
    await using home = await makeHome(usual);
    const cli = await started(home, { NO_SANDBOX: '1' });
    assert.match(cli.output(), /sandbox_unavailable: executions will be refused: scripted: no namespaces here/);
    assert.match(cli.output(), /advice No sandbox can be built here/);
    assert.doesNotMatch(cli.output(), /canary/);
    assert.match(cli.output(), /SOULBOX_KEY=YOUR_KEY/);
    cli.child.kill('SIGINT');
    assert.equal(await cli.exited, 0);
    assert.match(cli.output(), /stopping: SIGINT/);
  });

  it('refuses to start without a store, with what to do about it', async () => {
    await using home = await makeHome(['sandbox']);
    const cli = startCli(['start', '--config', home.config]);
    assert.equal(await cli.exited, 125);
    assert.match(cli.errors(), /^soulbox: capability_missing: .*\nConfigure a plugin that provides/);
    assert.equal(cli.output(), '');
  });

  it('ends now at the second signal, though work runs that would drain for long', async () => {
    await using home = await makeHome([...usual, 'worker']);
    const cli = await started(home);
    cli.child.kill('SIGTERM');
    await cli.prints(/stopping: SIGTERM/);
    cli.child.kill('SIGTERM');
    assert.equal(await cli.exited, 1);
  });

  it('takes a changed configuration over, and keeps what runs when that is not good', async () => {
    await using home = await makeHome([...usual, 'reporter']);
    const cli = await started(home);
    const text = await readFile(home.config, 'utf8');
    const config = JSON.parse(text) as { plugins: Record<string, unknown> };
    await writeFile(home.config, '{ "plugins": 7 }');
    await new Promise((resolve) => setTimeout(resolve, 300));
    config.plugins['languages'] = { package: './languages' };
    await writeFile(home.config, JSON.stringify(config));
    await cli.prints(/^languages active$/m);
    cli.child.kill('SIGTERM');
    assert.equal(await cli.exited, 0);
  });

  for (const variable of ['THROW_LATER', 'REJECT_LATER']) {
    it(`outlives what a plugin does out of turn (${variable}), and takes the plugin out of service`, async () => {
      await using home = await makeHome([...usual, 'thrower', 'reporter']);
      const cli = await started(home, { [variable]: '1' });
      await cli.prints(/thrower failed/);
      cli.child.kill('SIGTERM');
      assert.equal(await cli.exited, 0);
    });
  }

  it('stops in order, and with an error, over what is nobody’s', async () => {
    await using home = await makeHome(usual, { host: { logLevel: 'fatal' } });
    const cli = await started(home);
    cli.child.kill('SIGUSR2');
    assert.equal(await cli.exited, 1);
    assert.match(cli.output(), /stopping: an unexpected error\nstopped\n$/);
    assert.match(cli.errors(), /"msg":"an unexpected error; the host stops"/);
  });
});

describe('soulbox run, by signal', () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`cancels the program at ${signal} and exits with ${code}`, async () => {
      await using home = await makeHome(['sandbox', 'store']);
      const file = await home.file('long.script', 'out begun\nsleep 100000');
      const cli = startCli(['run', file, '--config', home.config]);
      await cli.prints(/begun/);
      cli.child.kill(signal);
      assert.equal(await cli.exited, code);
      assert.equal(cli.errors(), 'soulbox: cancelled\n');
    });
  }
});
