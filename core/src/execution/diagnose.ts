import type { Logger } from 'pino';
import {
  DiagnosticSchema,
  parse,
  SoulboxError,
  z,
  type Diagnostic,
  type ExecutionPlan,
  type LanguageRuntime,
  type RunOutcome,
} from '@soulbox/plugin-sdk';
import { withDeadline } from '../deadline.ts';

const deadlineMs = 5_000;
const stderrBytes = 65_536;
const most = 100;

type RunnablePlan = Extract<ExecutionPlan, { ok: true }>;

/** An outcome in which a compiler that refused its source counts as `compile-error`, and not as a program that failed. */
export function withCompileError(outcome: RunOutcome, plan: RunnablePlan): RunOutcome {
  const last = outcome.stages.length - 1;
  const stage = outcome.stages[last];
  if (outcome.verdict !== 'exit' || stage?.verdict !== 'exit' || plan.stages[last]?.compiles !== true) return outcome;
  const stages = outcome.stages.with(last, { ...stage, verdict: 'compile-error' });
  return { ...outcome, verdict: 'compile-error', stages };
}

/** What {@link withDiagnostics} needs to know. */
export interface DiagnoseOptions {
  readonly diagnose: LanguageRuntime['diagnose'];
  /** Everything that was written to standard error. */
  readonly stderr: () => Uint8Array;
  readonly log: Logger;
}

/** An outcome that names the places that the last stage complained about. A language that fails to find them changes nothing. */
export async function withDiagnostics(outcome: RunOutcome, options: DiagnoseOptions): Promise<RunOutcome> {
  const { diagnose, stderr, log } = options;
  const last = outcome.stages.length - 1;
  const stage = outcome.stages[last];
  if (!diagnose || !stage || (stage.verdict !== 'exit' && stage.verdict !== 'compile-error')) return outcome;
  const text = Buffer.from(stderr().subarray(0, stderrBytes)).toString('utf8');
  const late = () => new SoulboxError('plugin_timeout', `no diagnostics were found within ${deadlineMs} ms`);
  try {
    const found: unknown = await withDeadline(diagnose(stage.name, text), deadlineMs, late);
    const diagnostics: Diagnostic[] = parse(z.array(DiagnosticSchema), found, 'plugin_failed').slice(0, most);
    return { ...outcome, stages: outcome.stages.with(last, { ...stage, diagnostics }) };
  } catch (thrown) {
    log.warn({ err: thrown }, 'a language could not say where a program is wrong');
    return outcome;
  }
}
