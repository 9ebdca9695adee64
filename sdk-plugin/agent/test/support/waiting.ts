import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StageEnd } from '../../src/message.ts';
import { Delegation } from './delegation.ts';
import { isAsleep, modes, namesBelow, strongestMode, type Mode } from './program.ts';
import type { RealAgent } from './real-agent.ts';

/** The hosts on which programs wait: each user, and root with cgroups where there are some. */
export const waysToWait: readonly {
  readonly name: string;
  readonly mode: Mode;
  /** Of the one describe that asks. */
  delegate(): Delegation | undefined;
}[] = [
  ...modes.map((mode) => ({ name: `as ${mode.name}`, mode, delegate: () => undefined })),
  ...(strongestMode.name === 'root'
    ? [{ name: 'as root with cgroups', mode: strongestMode, delegate: () => Delegation.version1(strongestMode) }]
    : []),
];

/**
 * Waits until just as many programs wait in boxes, nothing else is in them, and the agent knows: who has nothing more to
 * say sleeps, and whom it told before that is awake until it has listened.
 * @throws Error when they do not come to
 */
export async function settled(agent: RealAgent, waiting: number): Promise<void> {
  let seen: ReturnType<typeof namesBelow> = [];
  let calm = 0;
  for (let tries = 0; tries < 600; tries++) {
    seen = namesBelow(agent.pid);
    const inits = seen.filter(({ name }) => name === 'box-init');
    const programs = seen.filter(({ parent }) => inits.some(({ pid }) => pid === parent));
    const others = seen.filter((each) => !inits.includes(each) && !programs.includes(each));
    const inOrder = [...programs, ...inits, ...others];
    const isCalm = inits.length === waiting && programs.length === waiting && inOrder.every(({ pid }) => isAsleep(pid));
    // On a busy machine one that still starts may happen to sleep when it is looked at.
    calm = isCalm ? calm + 1 : 0;
    if (calm === 4) return;
    await sleep(25);
  }
  throw new Error(`${waiting} programs should wait, and there are ${JSON.stringify(seen)}`);
}

/** Reads messages until all of the runs have ended; how their stages did. None may be refused. */
export async function endAll(
  agent: RealAgent,
  runs: readonly number[],
  said = new Map<number, string>(),
): Promise<StageEnd[]> {
  const stages: StageEnd[] = [];
  for (let ended = 0; ended < runs.length;) {
    const message = await agent.next();
    assert.ok(message && message.type !== 'refused', JSON.stringify(message));
    if (message.type === 'output') said.set(message.run, (said.get(message.run) ?? '') + message.data.toString());
    if (message.type === 'stage-end') stages.push(message);
    ended += Number(message.type === 'end' && runs.includes(message.run));
  }
  return stages;
}

/** The process of the one zygote that an agent has. */
export function zygoteOf(agent: RealAgent): number {
  const seen = namesBelow(agent.pid);
  const inits = seen.filter(({ name }) => name === 'box-init').map(({ pid }) => pid);
  const [agentOnly] = seen.filter(({ parent }) => parent === agent.pid);
  const [zygote, ...others] = seen.filter(({ pid, parent }) => parent === agentOnly?.pid && !inits.includes(pid));
  assert.ok(zygote && others.length === 0, JSON.stringify(seen));
  return zygote.pid;
}
