import type { RunSpec, Stage, WarmDemand, WarmProgram } from '../../src/contracts/sandbox.ts';
import { warmProgramKey } from '../../src/warm-program.ts';
import type { Limits } from '../../src/contracts/execution.ts';
import { frameType } from './protocol.ts';
import { encodeFrame, warmPayload } from './request.ts';

/** More than these would not fit an agent's memory of them. */
const mostSets = 64;

/** Two programs that are this to each other are one to the agent, too. */
function keyOf(program: WarmProgram, { cpuMs, memoryBytes, processes, diskBytes }: Limits): string {
  return `${cpuMs} ${memoryBytes} ${processes} ${diskBytes} ${warmProgramKey(program)}`;
}

/** Whether the program that waits was started with what the stage wants of its start. */
function startsAlike(stage: Stage, { env, startVariables }: WarmProgram): boolean {
  const decides = (name: string) => startVariables.some((prefix) => name.startsWith(prefix));
  const differs = (name: string) => decides(name) && stage.env[name] !== env[name];
  return !Object.keys(stage.env).some(differs) && !Object.keys(env).some(differs);
}

/** What waits in one box, as its client has asked for it. */
export class WarmSets {
  readonly #numbers = new Map<string, number>();
  #last = 0;

  /** The frame that tells the agent, or `undefined` where there is nothing to tell. @throws payload_too_large, invalid_params */
  order({ program, limits, count }: WarmDemand): Buffer | undefined {
    const key = keyOf(program, limits);
    const present = this.#numbers.get(key);
    if (count === 0 && present === undefined) return undefined;
    if (count > 0 && present === undefined && this.#numbers.size >= mostSets) return undefined;
    const number = present ?? this.#last + 1;
    const frame = encodeFrame(frameType.warm, 0, warmPayload(number, program, limits, count));
    this.#last = Math.max(this.#last, number);
    if (count === 0) this.#numbers.delete(key);
    else this.#numbers.set(key, number);
    return frame;
  }

  /** The number of what may take the first stage of a run. */
  match({ stages, limits }: RunSpec): number | undefined {
    const first = stages[0];
    if (this.#numbers.size === 0 || !first?.warm || !startsAlike(first, first.warm)) return undefined;
    return this.#numbers.get(keyOf(first.warm, limits));
  }
}
