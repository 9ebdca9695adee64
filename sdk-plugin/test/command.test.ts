import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sdkVersion } from '../bin/sdk-version.ts';
import { runCommand } from './support/run-command.ts';

test('without a command, and when asked for it, help names every command', async () => {
  for (const args of [[], ['help'], ['--help'], ['-h']]) {
    const { code, stdout } = await runCommand(...args);
    assert.equal(code, 0);
    for (const command of ['new KIND NAME', 'check DIR', 'migrate DIR']) assert.ok(stdout.includes(command), stdout);
  }
  const { code, stdout } = await runCommand('check', '--help');
  assert.deepEqual([code, stdout.startsWith('soulbox-plugin check DIR')], [0, true]);
  assert.equal((await runCommand('--version')).stdout, `${sdkVersion}\n`);
});

test('a mistake in the call is named, with exit code 2', async () => {
  const mistakes: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [['publish'], /there is no command "publish"; there are new, check, migrate/],
    [['toString'], /there is no command/],
    [['check'], /DIR is missing/],
    [['migrate', '.', 'there'], /"there" is one operand too many/],
    [['new', 'hook'], /NAME is missing/],
    [['check', '.', '--fast'], /--fast/],
    [['check', '.', '--json=yes'], /--json/],
  ];
  for (const [args, says] of mistakes) {
    const { code, stdout, stderr } = await runCommand(...args);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, says);
  }
});

test('the command is a program', async () => {
  const program = fileURLToPath(new URL('../../bin/soulbox-plugin.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--version']);
  assert.equal(stdout, `${sdkVersion}\n`);
});
