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
    discards: inMain(
      'long n = 0; for (int i = 0; i < 20_000; i++) n += new byte[1 << 17].length; System.out.println(n);',
    ),
  },
  ruby: {
    sees: 'puts ARGV[0] + STDIN.gets.chomp + ENV["MARK"]',
    discards: 'n = 0; 20_000.times { n += ("x" * 131_072).size }; puts n',
  },
  php: {
    sees: '<?php echo $argv[1], trim(fgets(STDIN)), getenv("MARK"), "\\n";',
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
      test('may throw away more than it may keep', async () => {
        const { verdict, stdout, stderr } = await run('discards');
        assert.deepEqual([verdict, stdout], ['ok', '2621440000\n'], stderr);
      });
    });
});
