import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { assertHost } from '../../bin/check/check-command.ts';
import { adviceFor } from '../../bin/check/advice.ts';
import type { Report } from '../../bin/check/report.ts';
import { packageRules } from '../../conformance/package-rules.ts';
import { runCommand } from '../support/run-command.ts';
import { pluginWriter } from '../support/write-plugin.ts';

const write = pluginWriter();
const inline = ['--isolation', 'inline'];

async function report(...args: readonly string[]): Promise<Report> {
  return JSON.parse((await runCommand('check', ...args, '--json')).stdout) as Report;
}

const skipped = ({ rules }: Report) =>
  Object.fromEntries(rules.filter(({ outcome }) => outcome === 'skipped').map(({ rule, reason }) => [rule, reason]));

describe('the report', { concurrency: 2 }, () => {
  test('is for people, unless a program asks', async () => {
    const { code, stdout } = await runCommand('check', await write({}), ...inline);
    assert.equal(code, 0);
    assert.match(stdout, /^plugin-written 1\.0\.0, by the suites of @soulbox\/plugin-sdk [\d.]+\n/);
    assert.match(stdout, /^ok {3}package: nothing runs when it is installed$/m);
    assert.match(stdout, /^ok {3}inline: lifecycle: stopping twice is harmless$/m);
    assert.match(stdout, /\nok: \d+ passed, 0 failed, 0 skipped\n$/);
    const bad = await runCommand('check', await write({ packageJson: { description: '' } }));
    assert.equal(bad.code, 1);
    assert.match(
      bad.stdout,
      /^FAIL package: .*\n {7}package\.json: [^]*\n {7}To do: Correct package\.json as named\.$/m,
    );
    assert.match(bad.stdout, /^skip process: it works \(not tried before/m);
  });

  test('says what a plugin does not offer here, and what only its author can try', async () => {
    const unavailable = `{ describe: async () => ({ available: false, reason: 'no compiler' }), plan: async () => {} }`;
    const folder = await write({
      top: `const mine = sdk.tokens('mine', '1.0.0');
        const none = async () => {};
        const boxes = { probe: async () => ({ available: false, reason: 'no kernel' }), reconcile: async () => 0,
          create: none, run: none, destroy: none, list: none };`,
      definition: `provides: [sdk.LanguageRuntime, sdk.SandboxDriver, sdk.AuthProvider, sdk.Transport, mine],`,
      setup: `context.provide(sdk.LanguageRuntime, ${unavailable}, 'written');
        context.provide(sdk.SandboxDriver, boxes, 'written');
        context.provide(sdk.AuthProvider, { describe: async () => ({ schemes: [] }), verify: async () => {} }, 'written');
        context.provide(sdk.Transport, { listen: none, close: none }, 'written');
        context.provide(mine, {}, 'written');`,
      soulbox: {
        permissions: { hooks: ['*', 'execution.veto'] },
        provides: ['language-runtime', 'sandbox-driver', 'auth-provider', 'transport', 'mine'].map(
          (id) => `${id}@1.0.0`,
        ),
      },
    });
    assert.deepEqual(skipped(await report(folder, ...inline)), {
      'execution.veto: is tapped': 'declared in the manifest, but not tapped with these settings',
      'LanguageRuntime keeps its contract': 'it says that it is not available here: no compiler',
      'SandboxDriver keeps its contract': 'it says that it is not available here: no kernel',
      'AuthProvider keeps its contract': 'only the author has credentials: authProviderSuite tries it with them',
      'Transport keeps its contract': 'only the author has a client: transportSuite tries it with that',
      'mine keeps its contract': 'a contract of others: this SDK has no suite for it',
    });
  });

  test('tells of a plugin that has nothing to do here, and tries its starts all the same', async () => {
    const found = await report(await write({ setup: `context.skip('no GPU');` }), ...inline);
    assert.deepEqual(skipped(found), { 'it starts in a host': 'it skips itself: no GPU' });
    assert.ok(found.ok && found.rules.some(({ rule }) => rule === 'lifecycle: stopping twice is harmless'));
  });

  test('tells of each way for itself, and of only one where one is asked for or allowed', async () => {
    const parts = ({ rules }: Report) => [...new Set(rules.map(({ part }) => part))];
    const bound = await write({ soulbox: { isolation: ['process'] } });
    assert.deepEqual(parts(await report(bound)), ['package', 'process']);
    const { code, stderr } = await runCommand('check', bound, ...inline);
    assert.deepEqual([code, /--isolation inline: the manifest allows process/.test(stderr)], [2, true]);
  });

  test('is of the plugin with its settings and with the plugins that it needs', async () => {
    const cache = `{ get: async () => undefined, set: async () => {}, delete: async () => {} }`;
    const other = await write({
      definition: 'provides: [sdk.Cache],',
      setup: `context.provide(sdk.Cache, ${cache}, 'other');`,
      soulbox: { provides: ['cache@1.0.0'] },
    });
    const folder = await write({
      definition: `config: sdk.z.strictObject({ url: sdk.z.string() }), requires: { caches: sdk.Cache },`,
      soulbox: { requires: ['cache@1.0.0?'] },
    });
    await writeFile(join(folder, 'README.md'), '# plugin-written\n`url`');
    await writeFile(join(folder, 'settings.json'), '{"url": "there"}');
    const renamed = await renamedPlugin(other);
    const args = [folder, ...inline, '--config', join(folder, 'settings.json'), '--with', renamed];
    const found = await report(...args);
    assert.ok(found.ok, JSON.stringify(found.rules.filter(({ outcome }) => outcome === 'failed')));
    assert.equal((await runCommand('check', folder, ...inline)).code, 1);
  });
});

/** Gives a written plugin another id. */
async function renamedPlugin(folder: string): Promise<string> {
  for (const file of ['index.js', 'package.json']) {
    const text = await readFile(join(folder, file), 'utf8');
    await writeFile(join(folder, file), text.replace(/(id'?"?: ['"])written/, '$1other'));
  }
  return folder;
}

test('what cannot be tried is a mistake in the call', async () => {
  const folder = await write({});
  const file = join(folder, 'list.json');
  await writeFile(file, '[1]');
  const mistakes: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [[join(folder, 'none')], /cannot be read as JSON: ENOENT/],
    [[folder, '--config', join(folder, 'index.js')], /index\.js cannot be read as JSON/],
    [[folder, '--config', file], /does not hold an object of settings/],
    [[folder, '--with', join(folder, 'none')], /cannot be read/],
    [[folder, '--timeout', 'soon'], /--timeout soon: is not a number of seconds/],
    [[await write({ packageJson: { soulbox: 'x' } })], /is not that of a plugin/],
  ];
  for (const [args, says] of mistakes) {
    const { code, stderr } = await runCommand('check', ...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, says);
  }
});

test('a missing host is named, with the command that installs it', () => {
  const missing = () => {
    throw new Error('Cannot find package');
  };
  assert.throws(() => assertHost(missing), /npm install --save-dev @soulbox\/core/);
  assertHost();
});

test('each rule of a package has an advice of its own, and what is unknown has some', () => {
  const all = [...packageRules.keys()].map((rule) => adviceFor(rule, 'it is not so'));
  assert.equal(new Set(all).size, all.length);
  assert.match(adviceFor('Store: a thing', 'storage_failed: no room'), /check its disk/);
  assert.match(adviceFor('Store: a thing', '1 !== 2'), /comments of the contract/);
});
