import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { createTestHost, type TestHost } from '@soulbox/plugin-sdk/testing';
import java from '@soulbox/plugin-language-java';
import php from '@soulbox/plugin-language-php';
import ruby from '@soulbox/plugin-language-ruby';
import { boxes, whyNoBox } from '../support/boxes.ts';

const plugins = {
  ...boxes,
  'language-java': { plugin: java },
  'language-ruby': { plugin: ruby },
  'language-php': { plugin: php },
};

const inMain = (code: string) =>
  `import java.util.*; class Main { public static void main(String[] args) throws Exception { ${code} } }`;

/** The same programs in each language. */
const programs = {
  java: {
    sees: inMain('System.out.println(args[0] + new Scanner(System.in).nextLine() + System.getenv("MARK"));'),
    exits: inMain('System.out.println("before"); System.exit(42);'),
    fills: inMain('List<int[]> all = new ArrayList<>(); for (;;) all.add(new int[1 << 20]);'),
    loops: inMain('for (;;) Thread.onSpinWait();'),
    discards: inMain(
      'long n = 0; for (int i = 0; i < 20_000; i++) n += new byte[1 << 17].length; System.out.println(n);',
    ),
  },
  ruby: {
    sees: 'puts ARGV[0] + STDIN.gets.chomp + ENV["MARK"]',
    exits: 'puts "before"; exit 42',
    fills: 'all = []; loop { all << "x" * 4_000_000 }',
    loops: 'loop {}',
    discards: 'n = 0; 20_000.times { n += ("x" * 131_072).size }; puts n',
  },
  php: {
    sees: '<?php echo $argv[1], trim(fgets(STDIN)), getenv("MARK"), "\\n";',
    exits: '<?php echo "before\\n"; exit(42);',
    fills: '<?php $all = []; while (true) $all[] = str_repeat("x", 4000000);',
    loops: '<?php while (true);',
    discards: '<?php $n = 0; for ($i = 0; $i < 20000; $i++) $n += strlen(str_repeat("x", 131072)); echo $n, "\\n";',
  },
};

describe('Java, Ruby and PHP in real boxes, within the usual limits', { skip: await whyNoBox() }, () => {
  let host: TestHost;
  before(async () => {
    host = await createTestHost({ plugins });
  });
  after(() => host.stop());

  for (const [language, codes] of Object.entries(programs))
    describe(language, () => {
      const run = async (name: keyof typeof codes, more: object = {}) =>
        (await host.call('executions.create', { language, code: codes[name], ...more })) as ExecutionResult;

      test('gets standard input, arguments and environment', async () => {
        const { stdout, stderr } = await run('sees', { args: ['é '], stdin: 'in 😀\n', env: { MARK: ' m' } });
        assert.deepEqual([stdout, stderr], ['é in 😀 m\n', '']);
      });
      test('ends with its exit code', async () => {
        const { verdict, exitCode, stdout } = await run('exits');
        assert.deepEqual([verdict, exitCode, stdout], ['exit', 42, 'before\n']);
      });
      test('ends where its memory ends, or its time', async () => {
        assert.equal((await run('fills')).verdict, 'memory-limit');
        assert.equal((await run('loops', { limits: { wallMs: 4_000 } })).verdict, 'timeout');
      });
      test('may throw away more than it may keep', async () => {
        const { verdict, stdout, stderr } = await run('discards');
        assert.deepEqual([verdict, stdout], ['ok', '2621440000\n'], stderr);
      });
    });
});
