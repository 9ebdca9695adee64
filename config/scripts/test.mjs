/**
 * Runs the compiled tests. `npm test [-- PATH… [--node-option…]]`, for instance
 * `npm test -- core plugins/sandbox-linux --test-name-pattern=limits`.
 *
 * What toolchains make once on a machine, such as Go's compiled standard library, lies in a folder that is removed at the
 * end; SOULBOX_TEST_CACHE names one that stays, for the next run.
 * Leaves raw V8 coverage in `.coverage/v8` and a JUnit report in `.coverage/junit.xml`; COVERAGE_DIR moves both.
 * With CI=true a test that was skipped because something is missing on this machine fails the run.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { narrow, removeOrphans, testFilesOf } from './test-files.mjs';
import { root, workspaces } from './workspaces.mjs';

/** @import { Counts } from './test-reporter.mjs' */

/** A test that hangs is ended and named; so is a file that does not end after its last test. */
const testTimeoutMs = 240_000;
const stalledMs = 300_000;

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
const countsFile = join(reports, 'counts.json');
rmSync(join(reports, 'v8'), { recursive: true, force: true });
rmSync(countsFile, { force: true });
mkdirSync(join(reports, 'v8'), { recursive: true });

const kept = process.env.SOULBOX_TEST_CACHE;
// Not below /tmp, which every box has anew; boxes read it under uids of their own.
const cache = kept ? resolve(kept) : mkdtempSync('/var/tmp/soulbox-caches-');
if (!kept) chmodSync(cache, 0o755);
const exitCode = await run();
if (!kept) rmSync(cache, { recursive: true, force: true });
process.exitCode = conclude(readCounts(), exitCode);

function selectable() {
  return workspaces().flatMap((workspace) => {
    for (const orphan of removeOrphans(workspace)) console.log(`removed ${workspace.dir}/dist/${orphan}.js: no source`);
    return testFilesOf(workspace);
  });
}

/** @returns {Promise<number>} the exit code of node:test */
function run() {
  const reporter = (/** @type {string} */ name, /** @type {string} */ to) => [
    `--test-reporter=${name}`,
    `--test-reporter-destination=${to}`,
  ];
  const child = spawn(
    process.execPath,
    [
      '--enable-source-maps',
      '--test',
      `--test-concurrency=${Math.max(2, availableParallelism())}`,
      `--test-timeout=${testTimeoutMs}`,
      ...reporter(new URL('test-reporter.mjs', import.meta.url).href, 'stdout'),
      ...reporter('junit', join(reports, 'junit.xml')),
      ...options,
      ...files.map(({ compiled }) => compiled),
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        NODE_V8_COVERAGE: join(reports, 'v8'),
        XDG_CACHE_HOME: cache,
        TEST_COUNTS_FILE: countsFile,
        TEST_STALLED_MS: String(stalledMs),
      },
      // A group of its own, so that no test file outlives a run that was ended.
      detached: true,
    },
  );
  const pid = /** @type {number} */ (child.pid);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => signalGroup(pid, signal));
  return new Promise((settle) =>
    child.on('close', (code) => {
      signalGroup(pid, 'SIGKILL');
      settle(code ?? 1);
    }),
  );
}

/**
 * @param {number} leader
 * @param {NodeJS.Signals} signal
 */
function signalGroup(leader, signal) {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/** @returns {Counts} */
function readCounts() {
  if (!existsSync(countsFile)) fail('node:test ended without counting; see above');
  return JSON.parse(readFileSync(countsFile, 'utf8'));
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
