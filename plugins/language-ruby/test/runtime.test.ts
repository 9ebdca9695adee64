import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { rubyRuntime } from '../src/runtime.ts';

const runtime = rubyRuntime(ConfigSchema.parse({}), () => undefined);

async function planned(files: Record<string, string>, more: object = {}) {
  const input = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  const plan = await runtime.plan({ entry: undefined, files: input, args: [], ...more });
  assert.ok(plan.ok);
  return plan;
}

async function run(files: Record<string, string>, env: Record<string, string> = {}) {
  const { stdout, stderr, ...status } = await runPlanUnsandboxed(await planned(files), { env });
  return { stdout: Buffer.from(stdout).toString('latin1'), stderr: Buffer.from(stderr).toString(), ...status };
}

describe('Ruby programs', () => {
  test('what was printed before the program was killed is not lost', async () => {
    const result = await run({ '': 'print "so far"\nProcess.kill(:KILL, Process.pid)\nsleep\n' });
    assert.deepEqual(result, { stdout: 'so far', stderr: '', exitCode: null, signal: 'SIGKILL' });
  });
  test('a program may decide on its buffering itself', async () => {
    const own = { 'main.rb': 'p $stdout.sync', '.soulbox/unbuffered.rb': 'exit 3' };
    assert.equal((await run(own)).stdout, 'false\n');
    assert.equal((await run({ '': 'p $stdout.sync, $0, __FILE__ == $0' })).stdout, 'true\n"main.rb"\ntrue\n');
  });
  test('text is UTF-8 whatever the environment says, and output need not be text', async () => {
    const code = 'puts "é😀".length\nputs $stdin.external_encoding\n$stdout.binmode.write((0..255).to_a.pack("C*"))\n';
    const { stdout } = await run({ '': code }, { LANG: '', LC_ALL: 'POSIX' });
    assert.equal(stdout, `2\nUTF-8\n${String.fromCharCode(...Array(256).keys())}`);
  });
  test('a variable of Ruby’s own reaches the program that it came with', async () => {
    assert.equal((await run({ '': 'p $VERBOSE' }, { RUBYOPT: '-w' })).stdout, 'true\n');
  });
  test('a version is used when asked for, and in an image the one in it', async () => {
    const { version } = await runtime.describe();
    const [here] = (await planned({ '': '' }, { version: version.replace(/\.\d+$/, '') })).stages;
    assert.match(here?.argv[0] ?? '', /ruby/);
    await assert.rejects(planned({ '': '' }, { version: '1.8' }), { code: 'language_unknown' });
    const [inImage] = (await planned({ '': '' }, { toolchain: 'image', layer: '/layer' })).stages;
    assert.equal(inImage?.argv[0], '/usr/bin/ruby3.1');
    assert.match(inImage.env['GEM_PATH'] ?? '', /^\/layer:\/var\/lib\/gems\//);
  });
});
