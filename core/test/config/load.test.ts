import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSoulboxError, type SoulboxError } from '@soulbox/plugin-sdk';
import { configFrom, loadConfig } from '../../src/config/load.ts';
import { failure } from '../support/expect.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function problemsOf(promise: Promise<unknown>): Promise<SoulboxError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(isSoulboxError(thrown) && thrown.code === 'config_invalid', String(thrown));
  return thrown;
}

test('a configuration that says nothing has every default', () => {
  const { config, files, secrets, where } = configFrom({});
  assert.equal(config.extends, 'default');
  assert.equal(config.sandbox.minimum, 'standard');
  assert.equal(config.executions.concurrency, availableParallelism() * 4);
  assert.equal(config.executions.limits.wallMs, 10_000);
  assert.deepEqual(config.plugins, {});
  assert.deepEqual([files, secrets, where(['host'])], [[], [], 'configuration']);
});

test('a limit that is set leaves the others as they are', () => {
  const { limits, maximum } = configFrom({ executions: { limits: { wallMs: 5 } } }).config.executions;
  assert.deepEqual(limits, { ...configFrom({}).config.executions.limits, wallMs: 5 });
  assert.deepEqual(maximum, configFrom({}).config.executions.maximum);
});

test('ten mistakes are reported at once, each with its file and line', async () => {
  await using folder = await temporaryFolder();
  const lines = [
    'extends: something',
    'host:',
    '  drainMs: -1',
    '  logLevel: loud',
    '  prot: 80',
    'sandbox:',
    '  minimum: none',
    'executions:',
    '  limits:',
    '    wallMs: ten',
    '    diskBytes: 0.5',
    'plugins:',
    '  Bad_Name:',
    '    package: a',
    '  store:',
    '    config: {}',
    '  auth:',
    '    package: b',
    '    required: 1',
    'unknown: 1',
    '',
  ];
  const file = await folder.write('soulbox.yaml', lines.join('\n'));
  const { message, details } = await problemsOf(loadConfig({ file }));
  const expected = {
    1: 'extends',
    3: 'host.drainMs',
    4: 'host.logLevel',
    5: 'host.prot: unknown key',
    7: 'sandbox.minimum',
    10: 'executions.limits.wallMs',
    11: 'executions.limits.diskBytes',
    13: 'plugins.Bad_Name: must be in kebab-case',
    15: 'plugins.store.package',
    19: 'plugins.auth.required',
    20: 'unknown: unknown key',
  };
  const reported = message.split('\n');
  for (const [line, problem] of Object.entries(expected))
    assert.ok(
      reported.some((entry) => entry.startsWith(`${file}:${line}: ${problem}`)),
      `line ${line} in:\n${message}`,
    );
  assert.deepEqual([details && Array.isArray(details['problems']) && details['problems'].length], [reported.length]);
});

test('an entry of a plugin that is wrong names its field', async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write(
    'soulbox.yaml',
    'plugins:\n  a:\n    package: a\n    required: 1\n  b:\n    pakage: b\n  c: true\n',
  );
  const { message } = await problemsOf(loadConfig({ file }));
  assert.match(message, /:4: plugins\.a\.required: /);
  assert.match(message, /:5: plugins\.b\.package: /);
  assert.match(message, /:6: plugins\.b\.pakage: unknown key/);
  assert.match(message, /:7: plugins\.c: must be a map with a package, or false/);
});

test('a file is laid over the defaults, unless it says none', async () => {
  await using folder = await temporaryFolder();
  const defaults = await folder.write(
    'defaults/default.yaml',
    'host: {drainMs: 1, logLevel: info}\nplugins:\n  a: {package: a}\n  b: {package: b}\n',
  );
  const file = await folder.write('soulbox.yaml', 'host: {drainMs: 2}\nplugins:\n  b: false\n');
  const over = await loadConfig({ file, defaults });
  assert.deepEqual([over.config.host.drainMs, over.config.host.logLevel], [2, 'info']);
  assert.deepEqual(over.config.plugins, { a: { package: 'a', config: {}, required: false }, b: false });
  assert.deepEqual(over.files, [file, defaults]);
  assert.deepEqual(over.folders, [folder.path, join(folder.path, 'defaults')]);
  assert.equal(over.where(['plugins', 'a']), `${defaults}:3`);
  assert.equal(over.where(['plugins', 'b']), `${file}:3`);
  assert.equal(over.where(['nowhere']), `${file}:1`);
  const alone = await loadConfig({ file: await folder.write('alone.yaml', 'extends: none\n'), defaults });
  assert.deepEqual([alone.config.plugins, alone.config.host.drainMs], [{}, 30_000]);
});

test('a file is given relative to the working directory, or searched for in it', async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write('soulbox.json', '{"host": {"drainMs": 7}}');
  for (const options of [{ file: 'soulbox.json' }, {}]) {
    const { config, files } = await loadConfig({ ...options, cwd: folder.path });
    assert.deepEqual([config.host.drainMs, files], [7, [file]]);
  }
});

test('no file at all: plugins are looked for from the working directory of the process', async () => {
  await using folder = await temporaryFolder();
  const before = process.env['XDG_CONFIG_HOME'];
  process.env['XDG_CONFIG_HOME'] = folder.path;
  try {
    const { files, folders } = await loadConfig({ cwd: folder.path });
    assert.deepEqual([files, folders], [[], [process.cwd()]]);
  } finally {
    if (before === undefined) delete process.env['XDG_CONFIG_HOME'];
    else process.env['XDG_CONFIG_HOME'] = before;
  }
});

test('a file that was asked for and is not there is refused', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'missing.yaml');
  await assert.rejects(loadConfig({ file }), failure('config_not_found', /missing\.yaml/));
  await assert.rejects(loadConfig({ file: folder.path }), failure('config_not_found'));
});

test('a relative data folder begins at the file that names it', async () => {
  await using folder = await temporaryFolder();
  const defaults = await folder.write('defaults/default.yaml', 'host: {dataDir: ./data}\n');
  assert.equal((await loadConfig({ file: defaults })).config.host.dataDir, join(folder.path, 'defaults/data'));
  const file = await folder.write('soulbox.yaml', 'host: {dataDir: ../other}\n');
  const { config } = await loadConfig({ file, defaults });
  assert.equal(config.host.dataDir, join(folder.path, '../other'));
});

test('secrets are put in, known as secrets, and reported with their line when they are missing', async () => {
  await using folder = await temporaryFolder();
  await folder.write('token.txt', 'from-a-file\n');
  const good = await folder.write(
    'good.yaml',
    'plugins:\n  a:\n    package: a\n    config: {token: {$file: ./token.txt}, short: {$env: SOULBOX_TEST_SHORT}}\n',
  );
  process.env['SOULBOX_TEST_SHORT'] = 'abc';
  try {
    const { config, secrets } = await loadConfig({ file: good });
    const entry = config.plugins['a'];
    assert.deepEqual(entry && entry.config, { token: 'from-a-file', short: 'abc' });
    // Three letters would blot out half the log.
    assert.deepEqual(secrets, ['from-a-file']);
  } finally {
    delete process.env['SOULBOX_TEST_SHORT'];
  }
  const bad = await folder.write(
    'bad.yaml',
    'host:\n  drainMs: x\nplugins:\n  a:\n    package: a\n    config:\n      token: {$env: SOULBOX_TEST_NOT_SET}\n',
  );
  const { message } = await problemsOf(loadConfig({ file: bad }));
  assert.match(message, /bad\.yaml:7: plugins\.a\.config\.token: environment variable SOULBOX_TEST_NOT_SET is not set/);
  assert.match(message, /bad\.yaml:2: host\.drainMs/);
});

test('a configuration made in code is checked the same way', () => {
  assert.throws(() => configFrom({ host: { drainMs: 0 } }), failure('config_invalid', /configuration: host\.drainMs/));
  assert.throws(() => configFrom({ nonsense: 1 }), failure('config_invalid', /nonsense: unknown key/));
});
