import { LanguageRuntime } from '@soulbox/plugin-sdk';
import { languageRuntimeSuite, type LanguageRuntimeSuiteOptions } from '@soulbox/plugin-sdk/conformance';
import { packagedService, runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { pythonRuntime } from '../src/runtime.ts';

const suite: LanguageRuntimeSuiteOptions = {
  name: 'python',
  create: async () => ({
    runtime: pythonRuntime(ConfigSchema.parse({}), () => undefined),
    dispose: async () => undefined,
  }),
  run: runPlanUnsandboxed,
  programs: {
    inspect: `
import json, os, sys
print(json.dumps({"args": sys.argv[1:], "mark": os.environ["SUITE_MARK"], "stdin": sys.stdin.read()}))
sys.exit(7)
`,
    parts: {
      entry: 'app/start.py',
      files: {
        'app/start.py': 'from words.greeting import word\nimport beside\nprint(beside.same(word))\n',
        'app/beside.py': 'def same(x): return x\n',
        'app/words/__init__.py': '',
        'app/words/greeting.py': 'word = "hello"\n',
      },
    },
    broken: 'print(1)\n\ndef (:\n',
  },
};

languageRuntimeSuite(suite);
languageRuntimeSuite({
  ...suite,
  name: 'python in a process of its own',
  create: async () => {
    const folder = new URL('../..', import.meta.url);
    const packaged = await packagedService({ folder, isolation: 'process', token: LanguageRuntime, name: 'python' });
    return { runtime: packaged.service, dispose: () => packaged.dispose() };
  },
});
