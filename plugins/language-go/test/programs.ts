import type { LanguagePrograms } from '@soulbox/plugin-sdk/conformance';

const inspect = `package main

import (
	"encoding/json"
	"io"
	"os"
)

func main() {
	input, _ := io.ReadAll(os.Stdin)
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"args": os.Args[1:], "mark": os.Getenv("SUITE_MARK"), "stdin": string(input),
	})
	os.Exit(7)
}
`;

/** What the suite wants of every language, in Go. */
export const programs: LanguagePrograms = {
  inspect,
  parts: {
    entry: 'app/start.go',
    files: {
      'app/start.go': 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println(same(word)) }\n',
      'app/beside.go': 'package main\n\nfunc same(x string) string { return x }\n',
      'app/words.go': 'package main\n\nconst word = "hello"\n',
      'app/words_test.go': 'package main\n\nconst word = "of a test"\n',
      'other.go': 'package main\n\nfunc main() {}\n',
    },
  },
  broken: 'package main\n\nfunc main( {\n}\n',
};
