import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../../faults/random.ts';

const shortestSleepMs = 0.5;

/** Runs one program as the client of that number and resolves when its answer was checked. */
export type Call = (client: number) => Promise<unknown>;

export async function timed(call: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await call();
  return performance.now() - begun;
}

export interface ClosedLoop {
  readonly times: readonly number[];
  /** From the first start to the last end. */
  readonly elapsedMs: number;
}

/** So many clients, each with one execution after the other, until the time is over; those under way are waited for. */
export async function closedLoop(call: Call, clients: number, durationMs: number): Promise<ClosedLoop> {
  const times: number[] = [];
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      do times.push(await timed(() => call(client)));
      while (performance.now() - begun < durationMs);
    }),
  );
  return { times, elapsedMs: performance.now() - begun };
}

/**
 * Starts executions at moments that do not depend on how others fare, as independent users do: so many a second, at
 * random (Poisson). Resolves when the last one was started, with the time of each in milliseconds. It counts from the
 * moment at which the execution was due, so that one that had to wait for the client shows it.
 */
export async function startAtRandom(
  call: Call,
  perSecond: number,
  durationMs: number,
  clients: number,
): Promise<{ readonly times: Promise<number[]> }> {
  const random = randomFrom(1);
  const begun = performance.now();
  const running: Promise<number>[] = [];
  let hasFailed = false;
  for (
    let due = 0, n = 0;
    due < durationMs && !hasFailed;
    due += (-Math.log(1 - random()) / perSecond) * 1000, n += 1
  ) {
    const wait = begun + due - performance.now();
    if (wait > shortestSleepMs) await sleep(wait);
    // Answers must be read even where the next one is due already.
    else if (n % 16 === 0) await immediate();
    // Timers know whole milliseconds only, so that it may be a little early.
    const from = Math.min(begun + due, performance.now());
    const run = call(n % clients).then(() => performance.now() - from);
    run.catch(() => (hasFailed = true));
    running.push(run);
  }
  // In an object, since a promise would be waited for.
  return { times: Promise.all(running) };
}

/** As {@link startAtRandom}, to the end of the last one. */
export async function openLoop(call: Call, perSecond: number, durationMs: number, clients: number): Promise<number[]> {
  return (await startAtRandom(call, perSecond, durationMs, clients)).times;
}
