import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { pluginCode, writePackage } from '../support/plugin-package.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const sdk = JSON.stringify(import.meta.resolve('@soulbox/plugin-sdk'));
const testing = JSON.stringify(import.meta.resolve('@soulbox/plugin-sdk/testing'));

/** Plugins that work, and one that says on standard output how the others fare. */
const others: Readonly<Record<string, string>> = {
  store: `import { Store } from ${sdk}; import { MemoryStore } from ${testing};
${pluginCode('store', 'provides: [Store], setup: (context) => context.provide(Store, new MemoryStore())')}`,
  witness: pluginCode(
    'witness',
    `setup: (context) => void context.hooks.tap('plugin.changed', ({ plugin, from, to, reason }) =>
      console.log(['changed', plugin, from, to, reason].join(' ')))`,
  ),
  user: `import { token } from ${sdk};
${pluginCode('user', `requires: { thing: token('thing', '1.0.0') }, setup() {}`)}`,
};

/** A plugin that provides \`thing\`, and whose own code does \`leak\` a while after it is set up. */
const leaky = (leak: string) => `import { token } from ${sdk};
const Thing = token('thing', '1.0.0');
${pluginCode(
  'leaky',
  `provides: [Thing], setup(context) {
    context.provide(Thing, {});
    setTimeout(() => { ${leak} }, 300);
  }`,
)}`;

async function configFile(folder: TemporaryFolder, packages: Readonly<Record<string, string>>): Promise<string> {
  for (const [id, code] of Object.entries(packages)) await writePackage(folder, id, { id, code });
  const plugins = Object.fromEntries(Object.keys(packages).map((id) => [id, { package: `./${id}` }]));
  return folder.write('soulbox.json', { host: { dataDir: 'data', logLevel: 'silent' }, plugins });
}

/**
 * Runs `soulbox start` in a process of its own, after `prelude`, and asks it to stop once a line has appeared for each
 * pattern; without patterns it shall stop by itself.
 */
async function start(
  file: string,
  patterns: readonly RegExp[],
  prelude = '',
): Promise<{ code: unknown; output: string }> {
  const main = JSON.stringify(new URL('../../src/cli/main.js', import.meta.url).href);
  const run = `process.exitCode = await main(['start', '--config', ${JSON.stringify(file)}]);`;
  const script = `import { main } from ${main};\n${prelude}\n${run}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  const waiting = new Set(patterns);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    const found = [...waiting].filter((pattern) => pattern.test(line));
    for (const pattern of found) waiting.delete(pattern);
    if (found.length > 0 && waiting.size === 0) child.kill('SIGTERM');
  }
  const [code] = (await closed) as [unknown];
  return { code, output: lines.join('\n') };
}

const leaks = {
  'throws in a timer': `throw new Error('leaked')`,
  'forgets a promise that rejects': `void Promise.reject(new Error('leaked'))`,
  'throws in an event of its own': `process.nextTick(() => { throw new Error('leaked'); })`,
};
for (const [what, leak] of Object.entries(leaks)) {
  test(`a plugin that ${what} goes into quarantine, blocks who needs it, and the host serves on`, async () => {
    await using folder = await temporaryFolder();
    const file = await configFile(folder, { ...others, leaky: leaky(leak) });
    const { code, output } = await start(file, [
      /^changed user active blocked plugin leaky failed$/,
      /^changed leaky active failed leaked$/,
      /\bready\b/,
    ]);
    assert.equal(code, 0, output);
    assert.match(output, /^changed witness active draining/m);
    assert.match(output, /^stopped$/m);
  });
}

for (const [when, code] of Object.entries({
  'out of a timer': leaky('process.exit(3)'),
  'in a hook': pluginCode('leaky', `setup: (context) => void context.hooks.tap('host.ready', () => process.exit(3))`),
  'in an answer to a call': pluginCode('leaky', 'setup: (context) => context.health(async () => process.exit(3))'),
  'while it is set up': pluginCode('leaky', 'setup: () => process.exit(3)'),
  'while it is imported': `process.exit(3);\n${pluginCode('leaky')}`,
})) {
  test(`a plugin that ends the process ${when} goes into quarantine, and the host serves on`, async () => {
    await using folder = await temporaryFolder();
    const { store = '', witness = '' } = others;
    const asking = pluginCode(
      'asking',
      `requires: { api: { id: 'api', version: '1.0.0', kind: 'one', key: Symbol.for('soulbox/api@1') } },
      setup: (context, { api }) => void context.hooks.tap('host.ready', () => void setTimeout(() => {
        const principal = { id: 'x', tenant: 'x', roles: [], scopes: ['*'] };
        void api.call('plugins.list', {}, { principal, requestId: 'r', signal: new AbortController().signal }).then(
          ({ plugins }) => console.log('listed', plugins.find(({ id }) => id === 'leaky').state,
            plugins.find(({ id }) => id === 'leaky').reason));
      }, 600))`,
    );
    const file = await configFile(folder, { store, witness, asking, leaky: code });
    const { code: ended, output } = await start(file, [
      /^listed (failed plugin leaky called process\.exit\(3\)|failed .*process\.exit|degraded plugin leaky called process\.exit\(3\))$/,
      /\bready\b/,
    ]);
    assert.equal(ended, 0, output);
    assert.match(output, /^stopped$/m);
    assert.ok((output.match(/^changed leaky \w+ failed/gm) ?? []).length <= 1, output);
  });
}

test('what nobody can be blamed for stops the host in order', async () => {
  await using folder = await temporaryFolder();
  const { store = '', witness = '' } = others;
  const calls = pluginCode('calls', 'setup: () => void setTimeout(globalThis.throwOutsideOfPlugins, 300)');
  const file = await configFile(folder, { store, witness, calls });
  const prelude = `import { AsyncResource } from 'node:async_hooks';
const outside = new AsyncResource('outside');
const fail = () => setTimeout(() => { throw new Error('whose?'); }, 1);
globalThis.throwOutsideOfPlugins = () => outside.runInAsyncScope(fail);`;
  const { code, output } = await start(file, [], prelude);
  assert.equal(code, 1, output);
  assert.match(output, /^stopping: an unexpected error$/m);
  assert.match(output, /^changed witness active draining/m);
  assert.match(output, /^stopped$/m);
});
