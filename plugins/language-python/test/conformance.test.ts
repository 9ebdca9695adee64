import { LanguageRuntime } from '@soulbox/plugin-sdk';
import { bothWays, languageRuntimeSuite, type LanguageRuntimeSuiteOptions } from '@soulbox/plugin-sdk/conformance';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';

const programs: LanguageRuntimeSuiteOptions['programs'] = {
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
};

bothWays(new URL('../..', import.meta.url), (way) => {
  languageRuntimeSuite({
    name: 'python',
    create: () => way.start({ runtime: LanguageRuntime }),
    run: runPlanUnsandboxed,
    programs,
  });
});
