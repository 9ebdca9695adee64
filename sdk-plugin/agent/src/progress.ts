import type { StageResult } from '../../src/contracts/execution.ts';
import type { RunOutcome, RunSpec } from '../../src/contracts/sandbox.ts';
import { enforcementFrom } from './enforcement.ts';
import type { Facts, StageEnd } from './message.ts';
import { maximumKept, signalName, type AgentVerdict } from './protocol.ts';
import { violation } from './violation.ts';

const noTruncation = { stdout: false, stderr: false };

/** Follows the stages of one run, refuses any order that the protocol does not have, and sums up the outcome. */
export class Progress {
  readonly #spec: RunSpec;
  readonly #facts: Facts;
  readonly #stages: StageResult[] = [];
  #startedAt: number | undefined;
  #outputBytes = 0;
  /** Bytes of the file that is kept of the last stage; `null` where none, or no more of it, may come. */
  #keptBytes: number | null = null;
  /** Whether the client asked for the end: only then a run may end between stages or as `cancelled`. */
  killed = false;

  constructor(spec: RunSpec, facts: Facts) {
    this.#spec = spec;
    this.#facts = facts;
  }

  /** @returns the stage's name. */
  startStage(index: number): string {
    const previous = this.#stages.at(-1);
    if (this.#startedAt !== undefined || index !== this.#stages.length || (previous && previous.verdict !== 'ok'))
      throw violation(`stage ${index} out of turn`);
    const stage = this.#spec.stages[index];
    if (!stage) throw violation(`stage ${index} does not exist`);
    this.#startedAt = performance.now();
    this.#keptBytes = null;
    return stage.name;
  }

  output(bytes: number): void {
    if (this.#startedAt === undefined) throw violation('output outside a stage');
    this.#outputBytes += bytes;
    if (this.#outputBytes > this.#spec.limits.outputBytes) throw violation('output over the limit');
  }

  /** A piece of the file that is kept of the stage that has ended; an empty one ends it. */
  keep(bytes: number): void {
    if (this.#keptBytes === null) throw violation('a file that nobody asked for');
    this.#keptBytes += bytes;
    if (this.#keptBytes > maximumKept) throw violation('a file over the limit');
    if (bytes === 0) this.#keptBytes = null;
  }

  endStage(end: StageEnd): void {
    if (this.#startedAt === undefined || end.index !== this.#stages.length)
      throw violation(`the end of stage ${end.index} out of turn`);
    if (end.verdict === 'cancelled' && !this.killed) throw violation('a cancelled stage that nobody cancelled');
    this.#startedAt = undefined;
    const stage = this.#spec.stages[end.index]!;
    if (stage.keep !== undefined && end.verdict === 'ok') this.#keptBytes = 0;
    this.#stages.push({
      name: stage.name,
      start: end.start,
      verdict: end.verdict,
      exitCode: end.exitCode,
      signal: end.signal === null ? null : signalName(end.signal),
      usage: { wallMs: end.wallMs, cpuMs: end.cpuMs, peakMemoryBytes: end.peakMemoryBytes },
      limit: end.limit,
      diagnostics: [],
    });
  }

  /** Whether a run that has come this far may be refused. */
  get isUnstarted(): boolean {
    return this.#startedAt === undefined && this.#stages.length === 0;
  }

  /** The outcome of a run that the agent ended. */
  end(truncated: RunOutcome['truncated'], facts: Facts): RunOutcome {
    const last = this.#stages.at(-1);
    const complete = last && (last.verdict !== 'ok' || this.#stages.length === this.#spec.stages.length);
    if (this.#startedAt !== undefined || (!complete && !this.killed)) throw violation('an end before the last stage');
    return this.#outcome(complete ? (last.verdict as AgentVerdict) : 'cancelled', truncated, facts);
  }

  /** The outcome of a run that ended without the agent's word: its stage at the time, if any, shares the verdict. */
  abandon(verdict: 'lost' | 'cancelled' | 'disk-limit'): RunOutcome {
    if (this.#startedAt !== undefined) {
      const wallMs = performance.now() - this.#startedAt;
      this.#startedAt = undefined;
      this.#stages.push({
        name: this.#spec.stages[this.#stages.length]!.name,
        verdict,
        exitCode: null,
        signal: null,
        usage: { wallMs, cpuMs: 0, peakMemoryBytes: null },
        limit: null,
        diagnostics: [],
      });
    }
    return this.#outcome(verdict, noTruncation, new Map());
  }

  #outcome(verdict: AgentVerdict, truncated: RunOutcome['truncated'], facts: Facts): RunOutcome {
    const last = this.#stages.at(-1);
    const decided = last?.verdict === verdict ? last : undefined;
    return {
      verdict,
      exitCode: decided?.exitCode ?? null,
      signal: decided?.signal ?? null,
      stages: this.#stages,
      truncated,
      enforced: enforcementFrom(new Map([...this.#facts, ...facts])),
    };
  }
}
