import { writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { spec as Spec } from 'node:test/reporters';

const stalledMs = Number(process.env.TEST_STALLED_MS);

/** @typedef {{ name: string, file: string, reason: string }} Skip */
/** @typedef {{ passed: number, failed: number, skipped: Skip[], unfinished: string[], empty: string[] }} Counts */

/**
 * A reporter for node:test: prints what its `spec` reporter prints, and writes {@link Counts} as JSON to the file that
 * TEST_COUNTS_FILE names. TEST_STALLED_MS bounds how long nothing may happen. `empty` holds files that ended without having declared a test, which node:test counts as
 * passed; `unfinished` holds tests marked as todo, which it forgives.
 * @param {AsyncIterable<any>} events
 */
export default async function* report(events) {
  yield* Readable.from(tally(events)).pipe(new Spec());
}

/** @param {AsyncIterable<any>} events */
async function* tally(events) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: 0, skipped: [], unfinished: [], empty: [] };
  const watch = watchProgress();
  for await (const event of events) {
    watch(event);
    if (event.type === 'test:pass' || event.type === 'test:fail') count(counts, event);
    yield event;
  }
  writeFileSync(/** @type {string} */ (process.env.TEST_COUNTS_FILE), JSON.stringify(counts));
}

/**
 * A test's timeout does not end a file that keeps its process alive after its last test (Node 24), so a run in which
 * nothing happens for longer is ended here, with the names of the files that hold it up.
 * @returns {(event: { type: string, data: any }) => void}
 */
function watchProgress() {
  /** @type {Set<string>} */
  const running = new Set();
  const idle = setTimeout(() => {
    process.stderr.write(`nothing happened for ${stalledMs} ms in ${[...running].join(', ')}\n`);
    process.exit(1);
  }, stalledMs).unref();
  return ({ type, data }) => {
    idle.refresh();
    if (!data.name?.endsWith('.test.js')) return;
    if (type === 'test:dequeue') running.add(data.name);
    else if (type === 'test:complete') running.delete(data.name);
  };
}

/**
 * @param {Counts} counts
 * @param {{ type: string, data: any }} event
 */
function count(counts, { type, data: { name, file, skip, todo, details } }) {
  if (skip !== undefined && skip !== false)
    counts.skipped.push({ name, file, reason: typeof skip === 'string' ? skip : '' });
  else if (todo !== undefined && todo !== false) counts.unfinished.push(name);
  else if (type === 'test:fail') counts.failed += isOwnFailure(details) ? 1 : 0;
  else if (name.endsWith('.test.js')) counts.empty.push(file);
  else if (details?.type !== 'suite') counts.passed++;
}

/** A suite, or a test around others, fails with what it holds; that is counted already. @param {any} details */
function isOwnFailure(details) {
  return details?.error?.failureType !== 'subtestsFailed';
}
