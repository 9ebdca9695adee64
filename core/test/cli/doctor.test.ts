import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { makeHome, soulbox } from '../support/cli-home.ts';

describe('soulbox doctor', () => {
  afterEach(() => {
    for (const name of ['NO_SANDBOX', 'ADVICE', 'WEAK']) delete process.env[name];
  });

  it('shows what the machine can enforce and which languages there are', async () => {
    process.env['ADVICE'] = '1';
    await using home = await makeHome(['sandbox', 'store', 'languages']);
    const { code, stdout } = await soulbox(['doctor'], { home });
    assert.equal(code, 0);
    assert.match(stdout, /^sandbox scripted: usable\n {2}level {8}standard\n/);
    assert.match(stdout, /\n {2}seccomp {6}scripted\n/);
    assert.match(stdout, /\n {2}to have more: delegate a cgroup\n/);
    assert.match(stdout, /\nlanguage missing: not usable\n {2}scripted {5}install it\n/);
    assert.match(stdout, /\nlanguage script: scripted \(1\.0\.0\)\n {2}scripted {5}canary ok \(1\.0\.0\)\n$/);
    assert.match(stdout, /\nlanguage lying: .*\n {2}scripted {5}its canary failed: it printed something else/);
  });

  it('says what is missing, and exits with 1 where nothing can be run', async () => {
    process.env['WEAK'] = '1';
    await using weak = await makeHome(['sandbox', 'store']);
    const weakly = await soulbox(['doctor'], { home: weak, isTTY: true });
    assert.equal(weakly.code, 1);
    assert.match(weakly.stdout, /enforces only "weak", and sandbox\.minimum is "standard"/);
    delete process.env['WEAK'];
    process.env['NO_SANDBOX'] = '1';
    await using none = await makeHome(['sandbox', 'store']);
    const { code, stdout } = await soulbox(['doctor', '--json'], { home: none });
    assert.equal(code, 1);
    const { drivers, languages } = JSON.parse(stdout) as {
      drivers: { name: string; problem: string }[];
      languages: { name: string }[];
    };
    assert.deepEqual(
      drivers.map(({ name, problem }) => [name, problem]),
      [['scripted', 'no namespaces here']],
    );
    assert.deepEqual(
      languages.map(({ name }) => name),
      ['script'],
    );
  });

  it('says so where no driver is configured', async () => {
    await using home = await makeHome(['store']);
    const { code, stdout } = await soulbox(['doctor'], { home });
    assert.deepEqual([code, stdout], [1, 'no sandbox driver is configured\n']);
  });
});

describe('soulbox config check', () => {
  it('finds nothing wrong with a good file', async () => {
    await using home = await makeHome(['sandbox', 'store']);
    assert.deepEqual(await soulbox(['config', 'check', '--config', home.config]), {
      code: 0,
      stdout: `the configuration is good: ${home.config}\n`,
      stderr: '',
    });
  });

  it('shows every plugin that cannot be used as configured, with its line', async () => {
    const plugins = {
      absent: { package: './absent' },
      broken: { package: './broken', config: { port: 'x', extra: 1 } },
      syntax: { package: './syntax' },
    };
    await using home = await makeHome(['sandbox', 'store'], { plugins });
    const packageJson = { name: 'syntax', version: '1.0.0', engines: { soulbox: '^1.0.0' }, soulbox: { id: 'syntax' } };
    await home.file('syntax/package.json', JSON.stringify({ ...packageJson, exports: './index.mjs' }));
    await home.file('syntax/index.mjs', 'export default {');
    const { code, stdout, stderr } = await soulbox(['config', 'check', '--config', home.config]);
    assert.deepEqual([code, stdout], [1, '']);
    const problems = stderr.trimEnd();
    assert.match(problems, /soulbox\.yaml:\d+: plugins\.absent: .*plugin_not_found/);
    assert.match(problems, /soulbox\.yaml:\d+: plugins\.broken.*port/);
    assert.match(problems, /extra/);
    assert.match(problems, /soulbox\.yaml:\d+: plugins\.syntax: .*SyntaxError/);
    assert.doesNotMatch(problems, /\n {4}at /, 'no stack');
  });

  it('shows what is wrong with the file itself', async () => {
    await using home = await makeHome(['store'], { sandbox: { redy: 1 }, host: { drainMs: -1 } });
    const { code, stderr } = await soulbox(['config', 'check', '--config', home.config]);
    assert.equal(code, 125);
    assert.match(stderr, /sandbox\.redy: unknown key/);
    assert.match(stderr, /host\.drainMs/);
  });

  it('needs its verb', async () => {
    for (const args of [['config'], ['config', 'chekc']]) {
      const { code, stderr } = await soulbox(args);
      assert.deepEqual([code, stderr], [2, 'soulbox: say: soulbox config check\n']);
    }
  });
});
