import type { ProgramSet } from './program-set.ts';

export const typescript: ProgramSet = {
  language: 'typescript',
  tools: ['node'],
  compileMs: 0,
  hello: 'const word: string = "hello";\nconsole.log(word);\n',
  echo: 'const from: NodeJS.ReadStream = process.stdin;\nfrom.pipe(process.stdout);\n',
  args: 'for (const arg of process.argv.slice(2) as string[]) console.log(arg);\n',
  files: {
    'main.ts': 'import { type Word, two } from "./lib/words";\nconst word: Word = two;\nconsole.log(word, "files");\n',
    'lib/words.ts': 'export type Word = string;\nexport const two: Word = "two";\n',
  },
  wrong: { code: 'const x: number = 1;\n\nconst = x;\n', verdict: 'compile-error', file: 'main.ts', line: 3 },
  fails: {
    code: 'interface Named {\n  name: string;\n}\n\nfunction first(list: Named[]): string {\n  return list[0]!.name;\n}\nconsole.log("before");\nfirst([]);\n',
    ending: { verdict: 'exit', exitCode: 1, signal: null },
    place: { file: 'main.ts', line: 6 },
  },
  exits: 'console.log("before" as string);\nprocess.exit(42);\n',
  unicode:
    'import { readFileSync } from "fs";\nconst źródło: string = "źródło 源 😀";\nconsole.log(źródło, process.argv[2], readFileSync(0, "utf8"));\n',
  loops: 'for (;;);\n',
  grows: 'const kept: number[][] = [];\nfor (;;) kept.push(new Array(10_000).fill(kept.length + 0.5));\n',
  floods: 'import { writeSync } from "fs";\nfor (;;) writeSync(1, "flood\\n" as string);\n',
};
