import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const suite = fileURLToPath(new URL('./language-runtime-suite.test.js', import.meta.url));

/** The names of the tests that fail when the suite meets a runtime with a mistake. */
function failing(mistake: string): string[] {
  // With the runner's own variable the child would report to this test's runner.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const { stdout } = spawnSync(process.execPath, ['--test-reporter=tap', suite], {
    env: { ...inherited, SUITE_MISTAKE: mistake },
    encoding: 'utf8',
  });
  return [...stdout.matchAll(/^ {4}not ok \d+ - (.*)$/gm)].map(([, name]) => name ?? '');
}

describe('the LanguageRuntime suite notices a runtime that', () => {
  const cases: [string, RegExp][] = [
    ['drops arguments', /^arguments, environment/],
    ['takes names for options', /^a file’s name is only a name/],
    ['starts a relative program', /^every stage starts an absolute program/],
    ['reads no input', /^arguments, environment/],
    ['loses files', /^a program of several files/],
    ['refuses without a place', /^what cannot be understood/],
  ];
  for (const [mistake, name] of cases)
    test(mistake, () => {
      const names = failing(mistake);
      assert.ok(
        names.some((found) => name.test(found)),
        `failed: ${names.join('; ') || 'nothing'}`,
      );
    });
});
