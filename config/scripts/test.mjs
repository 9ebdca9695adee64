/**
 * Runs the compiled tests. `npm test [-- PATH… [--node-option…]]`, for instance
 * `npm test -- core plugins/sandbox-linux --test-name-pattern=limits`.
 *
 * What toolchains make once on a machine, such as Go's compiled standard library, lies in a folder that is removed at the
 * end; SOULBOX_TEST_CACHE names one that stays, for the next run.
 * Leaves raw V8 coverage in `.coverage/v8` and a JUnit report in `.coverage/junit.xml`; COVERAGE_DIR moves both.
 * With CI=true a test that was skipped because something is missing on this machine fails the run.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { runNodeTest } from './run-node-test.mjs';
import { narrow, removeOrphans, testFilesOf } from './test-files.mjs';
import { root, workspaces } from './workspaces.mjs';

/** @import { Counts } from './test-reporter.mjs' */

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('-'));
const files = narrow(
  selectable(),
  args.filter((arg) => !arg.startsWith('-')),
);
const missing = files.filter(({ compiled }) => !existsSync(join(root, compiled)));

if (files.length === 0) fail('no test file found');
if (missing.length > 0) fail(`not compiled, run npm run build: ${missing.map(({ source }) => source).join(', ')}`);

const reports = resolve(root, process.env.COVERAGE_DIR ?? '.coverage');
rmSync(join(reports, 'v8'), { recursive: true, force: true });
mkdirSync(join(reports, 'v8'), { recursive: true });

const kept = process.env.SOULBOX_TEST_CACHE;
// Not below /tmp, which every box has anew; boxes read it under uids of their own.
const cache = kept ? resolve(kept) : mkdtempSync('/var/tmp/soulbox-caches-');
if (!kept) chmodSync(cache, 0o755);
const run = runNodeTest({
  files: files.map(({ compiled }) => compiled),
  cwd: root,
  reports,
  concurrency: Math.max(2, availableParallelism()),
  options,
  env: { ...process.env, NODE_V8_COVERAGE: join(reports, 'v8'), XDG_CACHE_HOME: cache },
});
const ended = await run
  .finally(() => kept || rmSync(cache, { recursive: true, force: true }))
  .catch((error) => fail(error.message));
process.exitCode = conclude(ended.counts, ended.exitCode);

function selectable() {
  return workspaces().flatMap((workspace) => {
    for (const orphan of removeOrphans(workspace)) console.log(`removed ${workspace.dir}/dist/${orphan}.js: no source`);
    return testFilesOf(workspace);
  });
}

/**
 * @param {Counts} counts
 * @param {number} code exit code of node:test
 */
function conclude(counts, code) {
  const { passed, failed, skipped, unfinished, empty } = counts;
  const named = options.some((option) => option.startsWith('--test-name-pattern'));
  const problems = [
    ...unfinished.map((name) => `marked as todo: ${name}`),
    ...(named ? [] : empty.map((file) => `declares no test: ${file}`)),
    ...(process.env.CI === 'true' ? skipped.filter(({ reason }) => reason.startsWith('needs ')) : []).map(
      ({ name, reason }) => `skipped in CI: ${name} (${reason})`,
    ),
    ...(passed + failed === 0 ? ['no test ran'] : []),
  ];
  for (const { name, reason } of skipped) console.log(`skipped: ${name}${reason && ` (${reason})`}`);
  for (const problem of problems) console.log(`problem: ${problem}`);
  console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  return code !== 0 ? code : Math.sign(failed + problems.length);
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(`test: ${message}`);
  process.exit(1);
}
