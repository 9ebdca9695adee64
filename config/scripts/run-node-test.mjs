import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** @import { Counts } from './test-reporter.mjs' */

/**
 * A test that hangs is ended and named, as is a file, which for node:test is a test too; so is a file that does not end after
 * its last test. The longest file takes seven minutes on a machine that is busy.
 */
const testTimeoutMs = 900_000;
const stalledMs = 540_000;

const reporter = (/** @type {string} */ name, /** @type {string} */ to) => [
  `--test-reporter=${name}`,
  `--test-reporter-destination=${to}`,
];

/**
 * Runs test files with node:test in a process group of its own, so that none outlives a run that was ended.
 * Leaves a JUnit report in the folder `reports`.
 * @param {{
 *   files: string[],
 *   cwd: string,
 *   reports: string,
 *   concurrency: number,
 *   options?: string[],
 *   env?: NodeJS.ProcessEnv,
 *   output?: (chunk: Buffer) => void,
 * }} run `output` takes what would be printed
 * @returns {Promise<{ counts: Counts, exitCode: number }>} rejects when node:test ended before it had counted
 */
export async function runNodeTest({ files, cwd, reports, concurrency, options = [], env = process.env, output }) {
  const countsFile = join(reports, 'counts.json');
  mkdirSync(reports, { recursive: true });
  rmSync(countsFile, { force: true });
  const child = spawn(
    process.execPath,
    [
      '--enable-source-maps',
      '--test',
      `--test-concurrency=${concurrency}`,
      `--test-timeout=${testTimeoutMs}`,
      ...reporter(new URL('test-reporter.mjs', import.meta.url).href, 'stdout'),
      ...reporter('junit', join(reports, 'junit.xml')),
      ...options,
      ...files,
    ],
    {
      cwd,
      stdio: output ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      env: { ...env, TEST_COUNTS_FILE: countsFile, TEST_STALLED_MS: String(stalledMs) },
      detached: true,
    },
  );
  const pid = /** @type {number} */ (child.pid);
  const handlers = /** @type {const} */ (['SIGINT', 'SIGTERM']).map((signal) => {
    const forward = () => signalGroup(pid, signal);
    process.on(signal, forward);
    return () => process.off(signal, forward);
  });
  if (output) for (const stream of [child.stdout, child.stderr]) stream?.on('data', output);
  const exitCode = await new Promise((settle) => child.on('close', (code) => settle(code ?? 1)));
  signalGroup(pid, 'SIGKILL');
  for (const undo of handlers) undo();
  return { counts: readCounts(countsFile), exitCode };
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

/** @param {string} file @returns {Counts} */
function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error('node:test ended without counting; see above', { cause });
  }
}
