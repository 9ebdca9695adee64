import type { ProgramSet } from './program-set.ts';

export const ruby: ProgramSet = {
  language: 'ruby',
  tools: ['ruby'],
  compileMs: 0,
  hello: 'puts "hello"\n',
  echo: 'print STDIN.read\n',
  args: 'ARGV.each { |arg| puts arg }\n',
  files: {
    'main.rb': 'require_relative "lib/words"\n\nputs "#{TWO} files"\n',
    'lib/words.rb': 'TWO = "two"\n',
  },
  wrong: { code: 'x = 1\n\ny = x +* ]\n', verdict: 'exit', file: 'main.rb', line: 3 },
  fails: {
    code: 'def first(list)\n  list.fetch(3)\nend\n\nputs "before"\nfirst([])\n',
    ending: { verdict: 'exit', exitCode: 1, signal: null },
    place: { file: 'main.rb', line: 2 },
  },
  exits: 'puts "before"\nexit 42\n',
  unicode: 'źródło = "źródło 源 😀"\nputs "#{źródło} #{ARGV[0]} #{STDIN.read}"\n',
  loops: 'loop {}\n',
  grows: 'kept = []\nloop { kept << "x" * 1_000_000 }\n',
  floods: 'loop { puts "flood" }\n',
};
