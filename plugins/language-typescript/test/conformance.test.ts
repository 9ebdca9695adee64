import { LanguageRuntime } from '@soulbox/plugin-sdk';
import { bothWays, languageRuntimeSuite, type LanguageRuntimeSuiteOptions } from '@soulbox/plugin-sdk/conformance';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';

const programs: LanguageRuntimeSuiteOptions['programs'] = {
  inspect: `
import { readFileSync } from 'node:fs';
interface Seen { args: string[]; mark: string | undefined; stdin: string }
const seen: Seen = { args: process.argv.slice(2), mark: process.env.SUITE_MARK, stdin: readFileSync(0, 'utf8') };
console.log(JSON.stringify(seen));
process.exitCode = 7;
`,
  parts: {
    entry: 'app/start.ts',
    files: {
      'app/start.ts':
        "import { Word } from './types';\nimport { word } from './words.ts';\nconst w: Word = word;\nconsole.log(w);\n",
      'app/types.ts': 'export type Word = string;\n',
      'app/words.ts': "import type { Word } from './types.js';\nexport const word: Word = 'hello';\n",
    },
  },
  broken: 'console.log(1);\n\nconst x: = 1;\n',
};

bothWays(new URL('../..', import.meta.url), (way) => {
  languageRuntimeSuite({
    name: 'typescript',
    create: () => way.start({ runtime: LanguageRuntime }),
    run: runPlanUnsandboxed,
    programs,
  });
});
