import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../bin/check/report.ts';
import { runCommand } from '../support/run-command.ts';
import { pluginWriter, type PluginSource } from '../support/write-plugin.ts';

// A place of its own, to see what is left in it.
const scratch = await mkdtemp(join(tmpdir(), 'soulbox-misdeeds-'));
process.env['TMPDIR'] = scratch;
after(() => rm(scratch, { recursive: true, force: true }));

const write = pluginWriter();

interface Misdeed extends PluginSource {
  readonly args?: readonly string[];
  /** The rules that it breaks, and what is said of each. */
  readonly breaks: Readonly<Record<string, RegExp>>;
  readonly todo: RegExp;
}

const inline = ['--isolation', 'inline'];
const taps = { permissions: { hooks: ['execution.before'] } };
const answers = 'hooks: execution.before: is tapped, and answers in time with the right shape, again and again';

const misdeeds: Readonly<Record<string, Misdeed>> = {
  'leaks a timer': {
    setup: 'setInterval(() => {}, 1_000_000).unref();',
    args: inline,
    breaks: { 'lifecycle: 10 starts and stops on the same data leave no resource, listener or file': /'Timeout'/ },
    todo: /context\.effect/,
  },
  'taps what it does not declare': {
    setup: `context.hooks.tap('execution.veto', () => undefined);`,
    breaks: { 'it starts in a host': /hook_not_permitted.*execution\.veto/ },
    todo: /soulbox\.permissions\.hooks/,
  },
  'has a script that runs when it is installed': {
    packageJson: { scripts: { postinstall: 'node steal.js' } },
    args: inline,
    breaks: { 'nothing runs when it is installed': /postinstall/ },
    todo: /Remove the script/,
  },
  'mutates what it is given': {
    setup: `context.hooks.tap('execution.before', (request) => { request.labels = { mine: 'yes' }; return request; });`,
    soulbox: taps,
    args: inline,
    breaks: { 'hooks: execution.before: leaves what it is given as it was': /a changed copy/ },
    todo: /\.\.\.value/,
  },
  'exits when it is imported': {
    top: 'process.exit(0);',
    args: inline,
    breaks: { 'the default export is a plugin of the same id': /ended before everything was tried/ },
    todo: /never ends the process/,
  },
  'exits in its set-up': {
    setup: 'process.exit(3);',
    breaks: { 'it starts in a host': /ended/ },
    todo: /never ends the process/,
  },
  'exits in a tap, as if all were well': {
    setup: `context.hooks.tap('execution.before', () => process.exit(0));`,
    soulbox: taps,
    args: inline,
    breaks: { [answers]: /ended before everything was tried/ },
    todo: /never ends the process/,
  },
  'loops in a tap': {
    setup: `context.hooks.tap('execution.before', () => { for (;;); });`,
    soulbox: taps,
    args: [...inline, '--timeout', '10'],
    breaks: { [answers]: /nothing happened for 10000 ms/ },
    todo: /Look for a loop/,
  },
  'throws in its set-up': {
    setup: `throw new Error('no disk');`,
    args: inline,
    breaks: { 'it starts in a host': /plugin_failed: .*no disk/ },
    todo: /--config/,
  },
  'imports what is not there': {
    top: `import 'no-such-package';`,
    args: inline,
    breaks: {
      'the default export is a plugin of the same id': /Cannot find package/,
      'package.json lists the capabilities that the code does, if it lists any': /Cannot find package/,
      'the README names the package and every setting': /Cannot find package/,
    },
    todo: /npm run build/,
  },
};

describe('a plugin fails the check, and is told by rule what to do, that', { concurrency: 2 }, () => {
  for (const [misdeed, { args = [], breaks, todo, ...source }] of Object.entries(misdeeds)) {
    test(misdeed, async () => {
      const { code, stdout } = await runCommand('check', await write(source), '--json', ...args);
      const { ok, rules } = JSON.parse(stdout) as Report;
      const failed = rules.filter(({ outcome }) => outcome === 'failed');
      assert.deepEqual(
        [code, ok, [...new Set(failed.map(({ rule }) => rule))]],
        [1, false, Object.keys(breaks)],
        stdout,
      );
      for (const { rule, reason, advice } of failed) {
        assert.match(reason ?? '', breaks[rule] ?? /never/);
        assert.match(advice ?? '', todo);
      }
    });
  }
});

test('nothing is left of any of them', async () => {
  assert.deepEqual(
    (await readdir(scratch)).filter((name) => !name.startsWith('soulbox-written-')),
    [],
  );
});

test('a plugin ends with a check that is ended', async () => {
  const mark = join(scratch, 'soulbox-written-mark');
  const top = `import { renameSync, writeFileSync } from 'node:fs';`;
  const say = `writeFileSync('${mark}.new', String(process.pid)); renameSync('${mark}.new', '${mark}');`;
  const folder = await write({ top, setup: `${say} for (;;);` });
  const program = fileURLToPath(new URL('../../../bin/soulbox-plugin.js', import.meta.url));
  const check = spawn(process.execPath, [program, 'check', folder, ...inline], { stdio: 'ignore' });
  const ended = once(check, 'exit');
  while (!existsSync(mark)) await pause(20);
  check.kill('SIGTERM');
  assert.deepEqual(await ended, [null, 'SIGTERM']);
  const pid = Number(readFileSync(mark, 'utf8'));
  while (isAlive(pid)) await pause(20);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // What nobody has waited for yet is dead all the same.
  return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
