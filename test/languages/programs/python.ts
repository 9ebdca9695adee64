import type { ProgramSet } from './program-set.ts';

export const python: ProgramSet = {
  language: 'python',
  tools: ['python3'],
  compileMs: 0,
  hello: 'print("hello")\n',
  echo: 'import sys\nsys.stdout.write(sys.stdin.read())\n',
  args: 'import sys\nfor arg in sys.argv[1:]:\n    print(arg)\n',
  files: {
    'main.py': 'from lib.words import two\n\nprint(two, "files")\n',
    'lib/words.py': 'two = "two"\n',
  },
  wrong: { code: 'x = 1\ny = 2\nif x ==:\n    pass\n', verdict: 'exit', file: 'main.py', line: 3 },
  fails: {
    code: 'def half(n):\n    return n / 0\n\nprint("before")\nhalf(1)\n',
    ending: { verdict: 'exit', exitCode: 1, signal: null },
    place: { file: 'main.py', line: 2 },
  },
  exits: 'import sys\nprint("before")\nsys.exit(42)\n',
  unicode: 'import sys\nźródło = "źródło 源 😀"\nprint(źródło, sys.argv[1], sys.stdin.read())\n',
  loops: 'while True:\n    pass\n',
  grows: 'kept = []\nwhile True:\n    kept.append(bytearray(b"x") * 1_000_000)\n',
  floods: 'while True:\n    print("flood")\n',
};
