import type { RunEvent, RunOutcome, RunSpec, SandboxDriver } from '@soulbox/plugin-sdk';

export const never: AbortSignal = new AbortController().signal;

/** A run of a script of the shell. */
function script(text: string, wallMs = 60_000): RunSpec {
  return {
    id: 'run',
    files: [],
    stages: [{ name: 'run', argv: ['/bin/sh', '-c', text], env: {}, stdin: false }],
    limits: {
      wallMs,
      cpuMs: wallMs,
      memoryBytes: 64 * 1024 * 1024,
      outputBytes: 1024 * 1024,
      processes: 16,
      diskBytes: 4 * 1024 * 1024,
    },
  };
}

export interface Ended {
  readonly stdout: string;
  readonly outcome: RunOutcome;
}

async function end(events: AsyncIterable<RunEvent>, onOutput: () => void): Promise<Ended> {
  let stdout = '';
  for await (const event of events) {
    if (event.type === 'end') return { stdout, outcome: event.outcome };
    if (event.type !== 'stdout') continue;
    stdout += Buffer.from(event.data).toString();
    onOutput();
  }
  throw new Error('no end');
}

/** Runs a script to its end. */
export function runScript(driver: SandboxDriver, box: string, text: string): Promise<Ended> {
  return end(driver.run(box, script(text), { signal: never }), () => undefined);
}

/** Starts a script that prints and goes on; resolves once it has printed, with the promise of its end. */
export async function startScript(
  driver: SandboxDriver,
  box: string,
  text: string,
): Promise<{ ended: Promise<Ended> }> {
  let ended!: Promise<Ended>;
  await new Promise<void>((resolve, reject) => {
    ended = end(driver.run(box, script(text), { signal: never }), resolve);
    ended.catch(reject);
  });
  return { ended };
}

/** Asks again and again until the answer is true. @throws Error after the time given. */
export async function until(ask: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await ask())) {
    if (performance.now() > end) throw new Error(`not so within ${withinMs} ms: ${ask.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
