import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { diagnose } from '../src/diagnose.ts';
import { rubyRuntime } from '../src/runtime.ts';

const runtime = rubyRuntime(ConfigSchema.parse({}), () => undefined);

async function say(files: Record<string, string>) {
  const input = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }));
  const plan = await runtime.plan({ entry: Object.keys(files)[0], files: input, args: [] });
  assert.ok(plan.ok);
  const { stderr } = await runPlanUnsandboxed(plan);
  return diagnose('run', Buffer.from(stderr).toString());
}

describe('what Ruby says', () => {
  test('of a syntax error', async () => {
    const [found] = await say({ 'lib/main.rb': 'puts 1\n\n  def (:\n' });
    assert.deepEqual([found?.file, found?.line], ['lib/main.rb', 3]);
    assert.ok((found?.column ?? 0) > 5, `column ${found?.column}`);
  });
  test('of an exception, in the program’s own part of the stack', async () => {
    const code = 'require "json"\ndef f\n  JSON.parse("{")\nend\nf\n';
    const [found] = await say({ 'main.rb': code });
    assert.deepEqual([found?.file, found?.line, found?.column], ['main.rb', 3, 1]);
    assert.match(found?.message ?? '', /JSON::ParserError/);
    assert.match((await say({ 'main.rb': '\nraise "no"\n' }))[0]?.message ?? '', /^no \(RuntimeError\)$/);
  });
  const table: [string, string, object | undefined][] = [
    [
      'version 3.4, of syntax',
      "main.rb:3: syntax errors found (SyntaxError)\n  1 | puts 1\n  2 | \n> 3 | def (:\n    |      ^ unexpected ':'\n",
      { file: 'main.rb', line: 3, column: 6, message: "unexpected ':'" },
    ],
    [
      'version 3.4, of an exception',
      "main.rb:2:in 'Integer#/': divided by 0 (ZeroDivisionError)\n\tfrom main.rb:2:in 'Object#f'\n",
      { file: 'main.rb', line: 2, column: 1, message: 'divided by 0 (ZeroDivisionError)' },
    ],
    [
      'a line too long to be shown whole',
      "main.rb:1: syntax error, unexpected ')'\n...xxxxx)...\n...     ^\n",
      { file: 'main.rb', line: 1, column: 1, message: "syntax error, unexpected ')'" },
    ],
    [
      'an exception without a method',
      'main.rb:7: no (A::B)\n',
      { file: 'main.rb', line: 7, column: 1, message: 'no (A::B)' },
    ],
    ['nothing of an error', 'main.rb: warning: x\nsomething: 3 happened\n', undefined],
    ['an exception outside the program', "/usr/lib/x.rb:1:in `f': no (E)\n\tfrom /usr/lib/y.rb:2:in `g'\n", undefined],
  ];
  for (const [name, stderr, expected] of table)
    test(name, async () => assert.deepEqual((await diagnose('run', stderr))[0], expected));
});
