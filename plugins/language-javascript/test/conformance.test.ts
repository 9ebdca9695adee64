import { languageRuntimeSuite } from '@soulbox/plugin-sdk/conformance';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { javascriptRuntime } from '../src/runtime.ts';

languageRuntimeSuite({
  name: 'javascript',
  create: async () => ({ runtime: javascriptRuntime({}, () => undefined), dispose: async () => undefined }),
  run: runPlanUnsandboxed,
  programs: {
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
  },
});
