import type { ProgramSet } from './program-set.ts';

export const javascript: ProgramSet = {
  language: 'javascript',
  tools: ['node'],
  compileMs: 0,
  hello: 'console.log("hello");\n',
  echo: 'process.stdin.pipe(process.stdout);\n',
  args: 'for (const arg of process.argv.slice(2)) console.log(arg);\n',
  files: {
    'main.mjs': 'import { two } from "./lib/words.cjs";\nconsole.log(two, "files");\n',
    'lib/words.cjs': 'exports.two = "two";\n',
  },
  wrong: { code: 'const x = 1;\n\nconst = x;\n', verdict: 'exit', file: 'main.js', line: 3 },
  fails: {
    code: 'function first(list) {\n  return list[0].name;\n}\nconsole.log("before");\nfirst([]);\n',
    ending: { verdict: 'exit', exitCode: 1, signal: null },
    place: { file: 'main.js', line: 2 },
  },
  exits: 'console.log("before");\nprocess.exit(42);\n',
  unicode:
    'const źródło = "źródło 源 😀";\nconsole.log(źródło, process.argv[2], require("fs").readFileSync(0, "utf8"));\n',
  loops: 'for (;;);\n',
  grows: 'const kept = [];\nfor (;;) kept.push(new Array(10_000).fill(kept.length + 0.5));\n',
  floods: 'const { writeSync } = require("fs");\nfor (;;) writeSync(1, "flood\\n");\n',
};
