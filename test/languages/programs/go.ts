import type { ProgramSet } from './program-set.ts';

const main = (imports: readonly string[], body: string): string =>
  `package main\n\nimport (\n${imports.map((name) => `\t"${name}"\n`).join('')})\n\nfunc main() {\n${body}}\n`;

export const go: ProgramSet = {
  language: 'go',
  tools: ['go'],
  compileMs: 2_000,
  hello: main(['fmt'], '\tfmt.Println("hello")\n'),
  echo: main(['io', 'os'], '\tio.Copy(os.Stdout, os.Stdin)\n'),
  args: main(['fmt', 'os'], '\tfor _, arg := range os.Args[1:] {\n\t\tfmt.Println(arg)\n\t}\n'),
  files: {
    'go.mod': 'module example.org/words\n\ngo 1.19\n',
    'main.go': main(['fmt', 'example.org/words/lib'], '\tfmt.Println(lib.Two, "files")\n'),
    'lib/words.go': 'package lib\n\nconst Two = "two"\n',
  },
  wrong: { code: 'package main\n\nfunc main() { x() }\n', verdict: 'compile-error', file: 'main.go', line: 3 },
  fails: {
    code: main(['fmt', 'os'], '\tfmt.Println("before")\n\tvar list []string\n\tfmt.Println(list[len(os.Args)])\n'),
    ending: { verdict: 'exit', exitCode: 2, signal: null },
    place: { file: 'main.go', line: 11 },
  },
  exits: main(['fmt', 'os'], '\tfmt.Println("before")\n\tos.Exit(42)\n'),
  unicode: main(
    ['fmt', 'io', 'os'],
    '\tźródło := "źródło 源 😀"\n\trest, _ := io.ReadAll(os.Stdin)\n\tfmt.Println(źródło, os.Args[1], string(rest))\n',
  ),
  loops: 'package main\n\nfunc main() {\n\tfor {\n\t}\n}\n',
  grows: main(
    ['bytes', 'fmt'],
    '\tvar kept [][]byte\n\tfor len(kept) < 1<<30 {\n\t\tkept = append(kept, bytes.Repeat([]byte("x"), 1<<20))\n\t}\n\tfmt.Println(kept)\n',
  ),
  floods: main(['fmt'], '\tfor {\n\t\tfmt.Println("flood")\n\t}\n'),
};
