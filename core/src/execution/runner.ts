import type { Logger } from 'pino';
import {
  SoulboxError,
  toSoulboxError,
  type ExecutionPlan,
  type ExecutionResult,
  type LanguageRuntime,
  type RunOutcome,
  type RunSpec,
} from '@soulbox/plugin-sdk';
import { unlessAborted, withDeadline } from '../deadline.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { BoxLease } from '../sandboxes/pool.ts';
import type { ChosenDriver } from '../sandboxes/registry.ts';
import { withCompileError, withDiagnostics } from './diagnose.ts';
import type { LiveExecution } from './live.ts';
import { errorPart, outcomeParts, outputOf, protectedParts } from './result.ts';

/** What a driver may take over the wall limits of all stages, or to end what is cancelled: inner boxes are made and cleared away in it. */
const graceMs = 30_000;

type RunnablePlan = Extract<ExecutionPlan, { ok: true }>;

/** How an execution is carried out: what its language planned, and the box that it gets. */
export interface Job {
  readonly plan: ExecutionPlan;
  readonly chosen: ChosenDriver;
  readonly leasing: Promise<BoxLease>;
  readonly diagnose: LanguageRuntime['diagnose'];
}
type RunnableJob = Job & { readonly plan: RunnablePlan };

/** Carries out one accepted execution and works out its result. */
export class Runner {
  private readonly hooks: HookBus;
  private readonly log: Logger;

  constructor(hooks: HookBus, log: Logger) {
    this.hooks = hooks;
    this.log = log;
  }

  /** The final result. Never rejects: what goes wrong on the host's side makes the execution `lost`. */
  async carryOut(live: LiveExecution, job: Job): Promise<ExecutionResult> {
    const { plan } = job;
    let parts: Partial<ExecutionResult>;
    try {
      parts = plan.ok ? await this.run(live, { ...job, plan }) : refuse(live, plan);
    } catch (thrown) {
      this.log.error({ err: thrown, execution: live.request.id }, 'an execution was lost');
      parts = { verdict: 'lost', error: errorPart(toSoulboxError(thrown)) };
    }
    live.log.flushOutput();
    return this.settle(live, { ...outputOf(live.log), ...parts });
  }

  /** The final result of an execution that `execution.lookup` answered: what happened then, told as this one's. Never rejects. */
  async answerFromCache(live: LiveExecution, cached: ExecutionResult): Promise<ExecutionResult> {
    for (const stream of ['stdout', 'stderr'] as const)
      live.log.output(stream, Buffer.from(cached[stream], cached.encoding[stream]));
    live.log.flushOutput();
    const { verdict, exitCode, signal, truncated, usage, stages, error } = cached;
    const cache = { ...cached.cache, hit: true };
    return this.settle(live, {
      ...outputOf(live.log),
      verdict,
      exitCode,
      signal,
      truncated,
      usage,
      stages,
      error,
      cache,
    });
  }

  private settle(live: LiveExecution, parts: Partial<ExecutionResult>): Promise<ExecutionResult> {
    return this.rewrite(live, { ...live.result, ...parts, status: 'settled', settledAt: new Date().toISOString() });
  }

  private async run(live: LiveExecution, job: RunnableJob): Promise<Partial<ExecutionResult>> {
    const { chosen, leasing, diagnose } = job;
    const lease = await unlessAborted(leasing, live.cancelled);
    if (!lease) {
      // The box comes too late for this execution, but it is as good as new for the next.
      void leasing.then((late) => late.release(true)).catch(() => undefined);
      return { verdict: 'cancelled' };
    }
    let healthy = false;
    try {
      const image = lease.image ? { image: { ...lease.image } } : {};
      const sandbox = { id: lease.sandboxId, driver: chosen.name, ...image };
      live.result = { ...live.result, sandbox, startedAt: new Date().toISOString() };
      live.log.event('started', { sandbox });
      const outcome = await this.drive(live, job, lease.sandboxId);
      healthy = outcome.verdict !== 'lost';
      const stderr = () => {
        live.log.flushOutput();
        return live.log.collect('stderr');
      };
      const judged = withCompileError(outcome, job.plan);
      return outcomeParts(await withDiagnostics(judged, { diagnose, stderr, log: this.log }));
    } finally {
      lease.release(healthy);
    }
  }

  private async drive(live: LiveExecution, { plan, chosen }: RunnableJob, sandboxId: string): Promise<RunOutcome> {
    const { limits } = live.request;
    const spec = runSpec(live, plan);
    const overdue = new AbortController();
    const ms = limits.wallMs * spec.stages.length + graceMs;
    const events = chosen.driver.run(sandboxId, spec, {
      stdin: live.stdin,
      signal: AbortSignal.any([live.cancelled, overdue.signal]),
    });
    const late = () => {
      overdue.abort();
      return new SoulboxError('sandbox_lost', 'the sandbox did not end the execution in time');
    };
    const running = withDeadline(this.consume(live, events, overdue.signal), ms, late);
    return (await unlessAborted(running, live.cancelled)) ?? withDeadline(running, graceMs, late);
  }

  private async consume(
    live: LiveExecution,
    events: ReturnType<ChosenDriver['driver']['run']>,
    overdue: AbortSignal,
  ): Promise<RunOutcome> {
    for await (const event of events) {
      // The result is made by now; what comes after it must not be told as events.
      if (overdue.aborted) break;
      if (event.type === 'end') return event.outcome;
      if (event.type === 'stage') live.log.event('stage', { name: event.name });
      else {
        const { type: stream, data } = event;
        live.log.output(stream, await this.hooks.call('execution.output', data, { id: live.request.id, stream }));
      }
    }
    throw new SoulboxError('sandbox_lost', 'the sandbox driver ended without an outcome');
  }

  /**
   * Lets hooks rewrite the result. A hook that fails may be the one that hides secrets: then no output is shown at all.
   */
  private async rewrite(live: LiveExecution, result: ExecutionResult): Promise<ExecutionResult> {
    try {
      const rewritten = await this.hooks.call('execution.after', Object.freeze(result), { request: live.request });
      return { ...rewritten, ...protectedParts(result) };
    } catch (thrown) {
      this.log.error({ err: thrown, execution: live.request.id }, 'a result could not be rewritten');
      return { ...result, stdout: '', stderr: '', verdict: 'lost', error: errorPart(toSoulboxError(thrown)) };
    }
  }
}

function refuse(live: LiveExecution, plan: Extract<ExecutionPlan, { ok: false }>): Partial<ExecutionResult> {
  live.log.output('stderr', Buffer.from(plan.message));
  const usage = { wallMs: 0, cpuMs: 0, peakMemoryBytes: null };
  const stage = {
    name: 'compile',
    verdict: 'compile-error' as const,
    exitCode: null,
    signal: null,
    usage,
    limit: null,
    diagnostics: [...plan.diagnostics],
  };
  return { verdict: 'compile-error', stages: [stage] };
}

function runSpec(live: LiveExecution, plan: RunnablePlan): RunSpec {
  const { id, limits, env } = live.request;
  const last = plan.stages.length - 1;
  const stages = plan.stages.map(({ compiles: _compiles, ...stage }, index) => ({
    ...stage,
    env: { ...stage.env, ...env },
    stdin: stage.stdin ?? index === last,
  }));
  return { id, files: plan.files, stages, limits };
}
