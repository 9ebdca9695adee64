import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface FixtureRun {
  /** The names of the tests that passed and failed, in order. */
  readonly passed: string[];
  readonly failed: string[];
  readonly output: string;
}

/** Runs a fixture that registers a suite, with variables of its own, and tells what became of the suite's tests. */
export async function runFixture(name: string, variables: Readonly<Record<string, string>>): Promise<FixtureRun> {
  // Without the mark of a test process: what runs here is a run of its own.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const file = fileURLToPath(new URL(`../fixtures/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, ['--test-reporter=tap', file], {
    env: { ...env, ...variables },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = await text(child.stdout);
  const names = (outcome: string) =>
    [...output.matchAll(new RegExp(`^ +${outcome} \\d+ - (.*)$`, 'gm'))].map(([, found]) => found ?? '');
  return { passed: names('ok'), failed: names('not ok'), output };
}
