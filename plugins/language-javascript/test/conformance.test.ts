import { LanguageRuntime } from '@soulbox/plugin-sdk';
import { languageRuntimeSuite, type LanguageRuntimeSuiteOptions } from '@soulbox/plugin-sdk/conformance';
import { packagedService, runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { javascriptRuntime } from '../src/runtime.ts';

const suite: LanguageRuntimeSuiteOptions = {
  name: 'javascript',
  create: async () => ({
    runtime: javascriptRuntime(ConfigSchema.parse({}), () => undefined),
    dispose: async () => undefined,
  }),
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
};

languageRuntimeSuite(suite);
languageRuntimeSuite({
  ...suite,
  name: 'javascript in a process of its own',
  create: async () => {
    const folder = new URL('../..', import.meta.url);
    const packaged = await packagedService({
      folder,
      isolation: 'process',
      token: LanguageRuntime,
      name: 'javascript',
    });
    return { runtime: packaged.service, dispose: () => packaged.dispose() };
  },
});
