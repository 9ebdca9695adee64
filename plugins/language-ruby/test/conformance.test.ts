import { LanguageRuntime } from '@soulbox/plugin-sdk';
import { bothWays, languageRuntimeSuite } from '@soulbox/plugin-sdk/conformance';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';

bothWays(new URL('../..', import.meta.url), (way) => {
  languageRuntimeSuite({
    name: `ruby ${way.label}`,
    create: () => way.start({ runtime: LanguageRuntime }),
    run: runPlanUnsandboxed,
    programs: {
      inspect: `
require 'json'
puts JSON.generate({ args: ARGV, mark: ENV['SUITE_MARK'], stdin: STDIN.read })
exit 7
`,
      parts: {
        entry: 'app/start.rb',
        files: {
          'app/start.rb': "require_relative 'words/greeting'\nrequire_relative 'beside'\nputs same(WORD)\n",
          'app/beside.rb': 'def same(x) = x\n',
          'app/words/greeting.rb': "WORD = 'hello'\n",
        },
      },
      broken: 'puts 1\n\ndef (:\n',
    },
  });
});
