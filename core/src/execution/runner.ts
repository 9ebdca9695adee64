import type { Logger } from 'pino';
import {
  SoulboxError,
  toSoulboxError,
  type ExecutionPlan,
  type ExecutionResult,
  type RunOutcome,
  type RunSpec,
} from '@soulbox/plugin-sdk';
import { withDeadline } from '../deadline.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { BoxLease } from '../sandboxes/pool.ts';
import type { ChosenDriver } from '../sandboxes/registry.ts';
import type { LiveExecution } from './live.ts';
import { errorPart, outcomeParts, outputOf, protectedParts } from './result.ts';

/** What a driver may take over the wall limits of all stages, for making and clearing away the inner box. */
const graceMs = 30_000;

type RunnablePlan = Extract<ExecutionPlan, { ok: true }>;

/** Carries out one accepted execution and works out its result. */
export class Runner {
  private readonly hooks: HookBus;
  private readonly log: Logger;

  constructor(hooks: HookBus, log: Logger) {
    this.hooks = hooks;
    this.log = log;
  }

  /** The final result. Never rejects: what goes wrong on the host's side makes the execution `lost`. */
  async carryOut(
    live: LiveExecution,
    plan: ExecutionPlan,
    chosen: ChosenDriver,
    leasing: Promise<BoxLease>,
  ): Promise<ExecutionResult> {
    const parts = plan.ok ? await this.run(live, plan, chosen, leasing) : refuse(live, plan);
    live.log.flushOutput();
    const result: ExecutionResult = {
      ...live.result,
      ...outputOf(live.log),
      ...parts,
      status: 'settled',
      settledAt: new Date().toISOString(),
    };
    return this.rewrite(live, result);
  }

  private async run(
    live: LiveExecution,
    plan: RunnablePlan,
    chosen: ChosenDriver,
    leasing: Promise<BoxLease>,
  ): Promise<Partial<ExecutionResult>> {
    let lease: BoxLease | undefined;
    let healthy = false;
    try {
      lease = await leasing;
      const sandbox = { id: lease.sandboxId, driver: chosen.name };
      live.result = { ...live.result, sandbox, startedAt: new Date().toISOString() };
      live.log.event('started', { sandbox });
      const outcome = await this.drive(live, plan, chosen, lease.sandboxId);
      healthy = outcome.verdict !== 'lost';
      return outcomeParts(outcome);
    } catch (thrown) {
      this.log.error({ err: thrown, execution: live.request.id }, 'an execution was lost');
      return { verdict: 'lost', error: errorPart(toSoulboxError(thrown)) };
    } finally {
      lease?.release(healthy);
    }
  }

  private async drive(
    live: LiveExecution,
    plan: RunnablePlan,
    chosen: ChosenDriver,
    sandboxId: string,
  ): Promise<RunOutcome> {
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
    return withDeadline(this.consume(live, events), ms, late);
  }

  private async consume(live: LiveExecution, events: ReturnType<ChosenDriver['driver']['run']>): Promise<RunOutcome> {
    for await (const event of events) {
      if (event.type === 'end') return event.outcome;
      if (event.type === 'stage') live.log.event('stage', { name: event.name });
      else {
        live.log.output(event.type, event.data);
        if (this.hooks.tapped('execution.output'))
          await this.hooks.call('execution.output', { id: live.request.id, stream: event.type, data: event.data });
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
  const stages = plan.stages.map((stage, index) => ({
    ...stage,
    env: { ...stage.env, ...env },
    stdin: stage.stdin ?? index === last,
  }));
  return { id, files: plan.files, stages, limits };
}
