import { SoulboxError, type ScalingPolicy } from '@soulbox/plugin-sdk';
import { conductOf } from './conduct.ts';
import type { Costs } from './costs.ts';
import { Tally, type Figures } from './tally.ts';
import type { Trace } from './trace.ts';
import { World } from './world.ts';

export { CostsSchema, type Costs } from './costs.ts';
export { makeTrace, traceKinds, type TraceKind } from './generators.ts';
export type { Figures } from './tally.ts';
export { readTrace, writeTrace, type Arrival, type Trace } from './trace.ts';

export interface SimulationOptions {
  readonly costs: Costs;
  /** Those of plugins, by name. */
  readonly policies: ReadonlyMap<string, ScalingPolicy>;
  readonly signal?: AbortSignal;
}

/** The host is up for so long when the first execution comes. */
const upMs = 10_000;
/** How often a host looks at what only time changes. */
const reviewMs = 5_000;
/** After so long others in the process have their turn. */
const turnMs = 20;

/**
 * Replays a trace against a policy: `none`, `refill`, `fixed:N`, `keep-alive:SECONDS`, or the names of policies joined
 * by `+`. Starts are thought not to hinder each other, however many there are at once.
 * @throws invalid_params for a policy that is not known, cancelled
 */
export async function simulate(trace: Trace, policy: string, options: SimulationOptions): Promise<Figures> {
  const from = (trace[0]?.at ?? 0) - upMs;
  const to = (trace.at(-1)?.at ?? 0) + 1;
  const conduct = await conductOf(policy, options.policies);
  try {
    const tally = new Tally(from, to);
    const world = new World(from, conduct, options.costs, tally);
    await replay(trace, world, { from, to, signal: options.signal });
    world.passTo(to);
    return tally.figures();
  } finally {
    await conduct.end();
  }
}

async function replay(
  trace: Trace,
  world: World,
  { from, to, signal }: { from: number; to: number; signal: AbortSignal | undefined },
): Promise<void> {
  let turn = performance.now();
  let next = 0;
  for (let reviewAt = from; reviewAt < to; reviewAt += reviewMs) {
    for (let arrival = trace[next]; arrival && arrival.at < reviewAt; arrival = trace[(next += 1)]) {
      world.passTo(arrival.at);
      await world.arrive(arrival);
    }
    world.passTo(reviewAt);
    await world.review();
    if (performance.now() - turn < turnMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted) throw new SoulboxError('cancelled', 'the simulation was cancelled');
    turn = performance.now();
  }
  for (let arrival = trace[next]; arrival; arrival = trace[(next += 1)]) {
    world.passTo(arrival.at);
    await world.arrive(arrival);
  }
}
