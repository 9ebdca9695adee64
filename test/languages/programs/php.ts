import type { ProgramSet } from './program-set.ts';

export const php: ProgramSet = {
  language: 'php',
  tools: ['php'],
  compileMs: 0,
  hello: '<?php\necho "hello\\n";\n',
  echo: '<?php\necho stream_get_contents(STDIN);\n',
  args: '<?php\nforeach (array_slice($argv, 1) as $arg) echo $arg, "\\n";\n',
  files: {
    'main.php': '<?php\nrequire "lib/words.php";\necho TWO, " files\\n";\n',
    'lib/words.php': '<?php\nconst TWO = "two";\n',
  },
  wrong: { code: '<?php\n$x = 1;\n$y = $x +;\n', verdict: 'exit', file: 'main.php', line: 3 },
  fails: {
    code: '<?php\nfunction half($n) {\n  return intdiv($n, 0);\n}\necho "before\\n";\nhalf(1);\n',
    ending: { verdict: 'exit', exitCode: 255, signal: null },
    place: { file: 'main.php', line: 3 },
  },
  exits: '<?php\necho "before\\n";\nexit(42);\n',
  unicode: '<?php\n$źródło = "źródło 源 😀";\necho "$źródło $argv[1] ", stream_get_contents(STDIN), "\\n";\n',
  loops: '<?php\nwhile (true);\n',
  grows: '<?php\n$kept = [];\nwhile (true) $kept[] = str_repeat("x", 1000000);\n',
  floods: '<?php\nwhile (true) echo "flood\\n";\n',
};
