import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { wayVariable } from '../../conformance/way-variable.ts';
import { adviceFor } from './advice.ts';
import { lastTest, subjectVariable, type CheckedRule, type RuleEvent, type Subject } from './part.ts';

const reporter = fileURLToPath(new URL('reporter.js', import.meta.url));
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** The name of what node:test runs, too. */
const program = fileURLToPath(new URL('subject.js', import.meta.url));

/** Tries one part of a plugin in processes of their own, and ends them when nothing happens for `stalledMs`. */
export async function runPart(about: Omit<Subject, 'progress'>, stalledMs: number): Promise<readonly CheckedRule[]> {
  const { part } = about;
  // Without the mark of a test process: what runs here is a run of its own.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  // What is ended cannot clean up.
  const scratch = await mkdtemp(join(tmpdir(), 'soulbox-check-'));
  const subject: Subject = { ...about, progress: join(scratch, 'progress') };
  const child = spawn(
    process.execPath,
    ['--test', `--test-reporter=${reporter}`, '--test-reporter-destination=stdout', program],
    {
      env: { ...env, TMPDIR: scratch, [wayVariable]: part, [subjectVariable]: JSON.stringify(subject) },
      stdio: ['ignore', 'pipe', 'ignore'],
      // A group of its own, so that nothing outlives it.
      detached: true,
    },
  );
  const untie = tie(child.pid);
  const rules: CheckedRule[] = [];
  const add = (names: readonly string[], outcome: CheckedRule['outcome'], reason: string | null) => {
    const rule = ruleName(names);
    rules.push({ part, rule, outcome, reason, advice: outcome === 'failed' ? adviceFor(rule, reason ?? '') : null });
  };
  let finished = false;
  let stalled = false;
  const timer = setTimeout(() => {
    stalled = true;
    endGroup(child.pid);
  }, stalledMs);
  const ended = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout })) {
    timer.refresh();
    const event = JSON.parse(line) as RuleEvent;
    const [name = ''] = event.names;
    if (name === lastTest) finished = true;
    // That the whole program failed is told by the tests that did, or by its early end.
    else if (name !== program) add(event.names, event.outcome, event.reason);
  }
  await ended;
  clearTimeout(timer);
  endGroup(child.pid);
  untie();
  const why = stalled
    ? `nothing happened for ${stalledMs} ms, so it was ended`
    : `the process ended before everything was tried`;
  if (!finished) add(await underWay(subject), 'failed', why);
  await rm(scratch, { recursive: true, force: true });
  return rules;
}

/** The names of the test in which a process ended; none before the first. */
async function underWay({ progress }: Subject): Promise<string[]> {
  return existsSync(progress) ? (await readFile(progress, 'utf8')).split(' > ') : [];
}

/** Ends a group with this process, which its terminal no longer does. Returns what undoes that. */
function tie(leader: number | undefined): () => void {
  const end = (signal: NodeJS.Signals) => {
    endGroup(leader);
    untie();
    process.kill(process.pid, signal);
  };
  const untie = () => signals.forEach((signal) => process.off(signal, end));
  for (const signal of signals) process.on(signal, end);
  return untie;
}

function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}

/** Without what the part tells already. Nothing begins before the plugin has started. */
function ruleName(names: readonly string[]): string {
  const own = names.map((name) => name.replace(/^conformance: /, '').trim());
  if (own.length > 0 && ['inline', 'isolated', 'package'].includes(own[0] ?? '')) own.shift();
  return own.length === 0 ? 'it starts in a host' : own.join(': ');
}
