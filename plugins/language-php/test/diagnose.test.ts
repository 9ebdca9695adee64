import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { diagnose } from '../src/diagnose.ts';
import { phpRuntime } from '../src/runtime.ts';

const runtime = phpRuntime(ConfigSchema.parse({}), () => undefined);
const folder = new RegExp(`${join(tmpdir(), 'soulbox-plan-')}[^/]+/`, 'g');

async function say(files: Record<string, string>) {
  const input = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  const plan = await runtime.plan({ entry: Object.keys(files)[0], files: input, args: [] });
  assert.ok(plan.ok);
  const { stderr } = await runPlanUnsandboxed(plan);
  return diagnose('run', Buffer.from(stderr).toString().replace(folder, '/home/sandbox/'));
}

describe('what PHP says', () => {
  test('of a syntax error, in the file that has it', async () => {
    const [found] = await say({ 'main.php': '<?php\nrequire "lib/x.php";', 'lib/x.php': '<?php\n\nfunction (;\n' });
    assert.deepEqual([found?.file, found?.line, found?.column], ['lib/x.php', 3, 1]);
    assert.match(found?.message ?? '', /^syntax error, unexpected token/);
  });
  test('of an exception, however many lines its message has', async () => {
    const [found] = await say({ 'main.php': '<?php\nfunction f() {\n  throw new Exception("a\nb in c");\n}\nf();\n' });
    assert.deepEqual(found, { file: 'main.php', line: 3, column: 1, message: 'Exception: a\nb in c' });
  });
  test('of an error that is no exception', async () => {
    const [found] = await say({ 'main.php': '<?php\n\nclass A { function f() {} function f() {} }\n' });
    assert.deepEqual([found?.file, found?.line], ['main.php', 3]);
    assert.match(found?.message ?? '', /Cannot redeclare/);
  });
  test('an exception from elsewhere is placed where the program called', async () => {
    const said =
      'PHP Fatal error:  Uncaught E: no in /usr/share/php/x.php:9\nStack trace:\n#0 /usr/share/php/y.php(1): g()\n#1 /home/sandbox/main.php(4): f()\n#2 {main}\n';
    assert.deepEqual(await diagnose('run', said), [{ file: 'main.php', line: 4, column: 1, message: 'E: no' }]);
  });
  test('nothing, where there is no error or no place', async () => {
    assert.deepEqual(await say({ 'main.php': '<?php\nfwrite(STDERR, "error in x.php:3\n");' }), []);
    assert.deepEqual(await diagnose('run', 'Fatal error: no place\nat all\n'), []);
  });
});
