import { languageRuntimeSuite } from '@soulbox/plugin-sdk/conformance';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { ConfigSchema } from '../src/config.ts';
import { pythonRuntime } from '../src/runtime.ts';

languageRuntimeSuite({
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
});
