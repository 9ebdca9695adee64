import type { ProgramSet } from './program-set.ts';

export const cpp: ProgramSet = {
  language: 'cpp',
  tools: ['g++'],
  compileMs: 1_000,
  hello: '#include <iostream>\n\nint main() { std::cout << "hello" << std::endl; }\n',
  echo: '#include <iostream>\n\nint main() { std::cout << std::cin.rdbuf(); }\n',
  args: '#include <iostream>\n\nint main(int count, char** args) {\n  for (int i = 1; i < count; i++) std::cout << args[i] << "\\n";\n}\n',
  files: {
    'main.cpp': '#include <iostream>\n#include "lib/words.h"\n\nint main() { std::cout << two() << " files\\n"; }\n',
    'lib/words.h': 'const char* two();\n',
    'lib/words.cpp': '#include "words.h"\n\nconst char* two() { return "two"; }\n',
  },
  wrong: { code: 'int main() {\n\n  return x;\n}\n', verdict: 'compile-error', file: 'main.cpp', line: 3 },
  fails: {
    code: '#include <iostream>\n#include <vector>\n\nint main() {\n  std::cout << "before" << std::endl;\n  std::vector<int> list;\n  return list.at(3);\n}\n',
    ending: { verdict: 'signal', exitCode: null, signal: 'SIGABRT' },
    place: null,
  },
  exits: '#include <cstdio>\n\nint main() {\n  std::puts("before");\n  return 42;\n}\n',
  unicode:
    '#include <iostream>\n\nint main(int, char** args) {\n  const char* źródło = "źródło 源 😀";\n  std::cout << źródło << " " << args[1] << " " << std::cin.rdbuf() << "\\n";\n}\n',
  loops: 'int main() {\n  volatile unsigned n = 0;\n  for (;;) n = n + 1;\n}\n',
  grows:
    '#include <cstring>\n\nint main() {\n  static char* volatile last;\n  for (;;) {\n    last = new char[1 << 20];\n    std::memset(last, 1, 1 << 20);\n  }\n}\n',
  floods: '#include <cstdio>\n\nint main() {\n  for (;;) std::puts("flood");\n}\n',
};
