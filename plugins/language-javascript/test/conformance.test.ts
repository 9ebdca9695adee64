import { LanguageRuntime } from '@soulbox/plugin-sdk';
import { bothWays, languageRuntimeSuite, type LanguageRuntimeSuiteOptions } from '@soulbox/plugin-sdk/conformance';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';

const programs: LanguageRuntimeSuiteOptions['programs'] = {
  inspect: `
const stdin = require('node:fs').readFileSync(0, 'utf8');
console.log(JSON.stringify({ args: process.argv.slice(2), mark: process.env.SUITE_MARK, stdin }));
process.exitCode = 7;
`,
  parts: {
    entry: 'app/start.js',
    files: {
      'app/start.js': "import { word } from './words.mjs';\nimport old from './old.cjs';\nconsole.log(old(word));\n",
      'app/words.mjs': "export const word = 'hello';\n",
      'app/old.cjs': 'module.exports = (x) => x;\n',
    },
  },
  broken: 'console.log(1);\n\nfunction (;\n',
};

bothWays(new URL('../..', import.meta.url), (way) => {
  languageRuntimeSuite({
    name: 'javascript',
    create: () => way.start({ runtime: LanguageRuntime }),
    run: runPlanUnsandboxed,
    programs,
  });
});
