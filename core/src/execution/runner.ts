import type { Logger } from 'pino';
import {
  SoulboxError,
  toSoulboxError,
  type ExecutionPlan,
  type ExecutionResult,
  type LanguageInfo,
  type LanguageRuntime,
  type RunOutcome,
  type RunSpec,
} from '@soulbox/plugin-sdk';
import { unlessAborted, withDeadline } from '../deadline.ts';
import type { HookBus } from '../hooks/hook-bus.ts';
import type { BoxLease } from '../sandboxes/pool.ts';
import type { ChosenDriver } from '../sandboxes/registry.ts';
import { Compilation, type CompilationFacts } from './compilation.ts';
import type { CompileCache } from './compile-cache.ts';
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
  readonly language: LanguageInfo;
  readonly diagnose: LanguageRuntime['diagnose'];
}
type RunnableJob = Job & { readonly plan: RunnablePlan };

/** Carries out one accepted execution and works out its result. */
export class Runner {
  private readonly hooks: HookBus;
  private readonly log: Logger;
  private readonly compileCache: CompileCache | undefined;

  constructor(hooks: HookBus, log: Logger, compileCache?: CompileCache) {
    this.hooks = hooks;
    this.log = log;
    this.compileCache = compileCache;
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
    live.stdin.close();
    for (const stream of ['stdout', 'stderr'] as const)
      live.log.output(stream, Buffer.from(cached[stream], cached.encoding[stream]));
    live.log.flushOutput();
    const { verdict, exitCode, signal, truncated, usage, stages, error } = cached;
    const cache = { ...cached.cache, hit: true };
    return this.settle(live, {
      ...outputOf(live.log),
      language: { ...live.result.language, version: cached.language.version },
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
    const lease = await unlessAborted(leasing, live.stopping);
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
      const programs = job.plan.stages.flatMap(({ warm }) => (warm ? [warm] : []));
      const { language } = live.result;
      lease.uses({ language: language.name, version: language.version, programs, limits: live.request.limits });
      const outcome = await this.drive(live, job, lease);
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

  private async drive(live: LiveExecution, job: RunnableJob, { sandboxId, image }: BoxLease): Promise<RunOutcome> {
    const { chosen, language } = job;
    const { request } = live;
    const { limits } = request;
    const planned = runSpec(live, job.plan);
    const facts = { request, language, driver: chosen.name, ...(image ? { digest: image.digest } : {}) };
    const compilation = await this.compilationOf(planned, facts);
    const spec = compilation?.spec ?? withoutKeep(planned);
    if (compilation?.isCached) live.log.event('stage', { name: planned.stages[0]?.name, start: 'cached' });
    const ms = limits.wallMs * spec.stages.length + graceMs;
    const events = chosen.driver.run(sandboxId, spec, { stdin: live.stdin, signal: live.stopping });
    let overdue = false;
    const late = () => {
      overdue = true;
      live.stop();
      return new SoulboxError('sandbox_lost', 'the sandbox did not end the execution in time');
    };
    const running = withDeadline(
      this.consume(live, events, () => overdue, compilation),
      ms,
      late,
    );
    return (await unlessAborted(running, live.stopping)) ?? withDeadline(running, graceMs, late);
  }

  private async compilationOf(spec: RunSpec, facts: CompilationFacts): Promise<Compilation | undefined> {
    try {
      return this.compileCache && (await Compilation.of(this.compileCache, spec, facts));
    } catch (thrown) {
      this.log.debug({ err: thrown }, 'what a compiler makes could not be looked for');
      return undefined;
    }
  }

  private async consume(
    live: LiveExecution,
    events: ReturnType<ChosenDriver['driver']['run']>,
    isOverdue: () => boolean,
    compilation: Compilation | undefined,
  ): Promise<RunOutcome> {
    for await (const event of events) {
      // The result is made by now; what comes after it must not be told as events.
      if (isOverdue()) break;
      compilation?.see(event);
      if (event.type === 'stage') live.log.event('stage', { name: event.name });
      else if (event.type === 'file') continue;
      else if (event.type !== 'end') {
        if (this.hooks.tapped('execution.output')) await this.output(live, event.type, event.data, false);
        else live.log.output(event.type, event.data);
      } else {
        // What a filter held back, because it might have been the beginning of something, is let go.
        if (this.hooks.tapped('execution.output'))
          for (const stream of ['stdout', 'stderr'] as const) await this.output(live, stream, new Uint8Array(0), true);
        return compilation?.finish(event.outcome) ?? event.outcome;
      }
    }
    throw new SoulboxError('sandbox_lost', 'the sandbox driver ended without an outcome');
  }

  private async output(
    live: LiveExecution,
    stream: 'stdout' | 'stderr',
    data: Uint8Array,
    last: boolean,
  ): Promise<void> {
    const shown = await this.hooks.call('execution.output', data, { id: live.request.id, stream, last });
    if (shown.length > 0) live.log.output(stream, shown);
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

/** Drivers need not send what nobody keeps. */
function withoutKeep(spec: RunSpec): RunSpec {
  return { ...spec, stages: spec.stages.map(({ keep: _keep, ...stage }) => stage) };
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
