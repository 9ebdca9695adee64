import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { phpRuntime } from '../src/runtime.ts';

const runtime = phpRuntime(ConfigSchema.parse({}), () => undefined);

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

describe('PHP programs', () => {
  test('what was printed before the program was killed is not lost', async () => {
    const result = await run({ '': '<?php echo "so far"; posix_kill(getmypid(), 9);' });
    assert.deepEqual(result, { stdout: 'so far', stderr: '', exitCode: null, signal: 'SIGKILL' });
  });
  test('warnings go to standard error, whatever settings a client names', async () => {
    const { stdout, stderr, exitCode } = await run({ '': '<?php\necho $nothing, "end";' }, { PHPRC: '/nowhere' });
    assert.deepEqual([stdout, exitCode], ['end', 0]);
    assert.match(stderr, /Warning: Undefined variable \$nothing in .*main\.php on line 2/);
  });
  test('output need not be text, and text without a tag is printed', async () => {
    const bytes = String.fromCharCode(...Array(256).keys());
    assert.equal((await run({ '': '<?= implode(array_map("chr", range(0, 255))) ?>' })).stdout, bytes);
    assert.equal((await run({ '': 'plain' })).stdout, 'plain');
  });
  test('main.php is the entry before index.php', async () => {
    const files = { 'index.php': '<?= 1 ?>', 'x.php': '' };
    assert.equal((await run(files)).stdout, '1');
    assert.equal((await run({ ...files, 'main.php': '<?= 2 ?>' })).stdout, '2');
  });
  test('a version is used when asked for, and in an image the one in it', async () => {
    const { version } = await runtime.describe();
    assert.match((await planned({ '': '' }, { version })).stages[0]?.argv[0] ?? '', /php/);
    await assert.rejects(planned({ '': '' }, { version: '5.6' }), { code: 'language_unknown' });
    const inImage = await planned({ '': '' }, { toolchain: 'image', layer: "/it's" });
    assert.equal(inImage.stages[0]?.argv[0], '/usr/bin/php8.2');
    assert.ok(inImage.stages[0].argv.includes('auto_prepend_file=./.soulbox/autoload.php'));
    assert.match(Buffer.from(inImage.files.at(-1)?.content ?? []).toString(), /'\/it\\'s\/vendor'/);
  });
});
