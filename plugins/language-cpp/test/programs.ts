import type { LanguagePrograms } from '@soulbox/plugin-sdk/conformance';

const inspect = `
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>

std::string quoted(const std::string& text) {
  std::string out = "\\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\\\') out += '\\\\';
    if (c == '\\n') out += "\\\\n";
    else out += static_cast<char>(c);
  }
  return out + "\\"";
}

int main(int argc, char** argv) {
  std::string args;
  for (int i = 1; i < argc; ++i) args += (i > 1 ? "," : "") + quoted(argv[i]);
  std::string input{std::istreambuf_iterator<char>(std::cin), {}};
  std::cout << "{\\"args\\": [" << args << "], \\"mark\\": " << quoted(std::getenv("SUITE_MARK"))
            << ", \\"stdin\\": " << quoted(input) << "}" << std::endl;
  return 7;
}
`;

/** What the suite wants of every language, in C++. */
export const programs: LanguagePrograms = {
  inspect,
  parts: {
    entry: 'app/start.cpp',
    files: {
      'app/start.cpp': '#include <iostream>\n#include "words/word.hpp"\nint main() { std::cout << word() << "\\n"; }\n',
      'app/words/word.hpp': '#include <string>\nstd::string word();\n',
      'app/words/word.cpp': '#include "word.hpp"\nstd::string word() { return "hello"; }\n',
    },
  },
  broken: 'int main() {\n\n  return +;\n}\n',
};
