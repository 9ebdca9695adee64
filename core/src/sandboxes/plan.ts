import { isSoulboxError, SoulboxError, type ExecutionPlan, type PlanInput } from '@soulbox/plugin-sdk';
import { delay, withDeadline } from '../deadline.ts';
import type { KnownLanguage } from './languages.ts';

const answerMs = 30_000;
const againAfterMs = 1_000;

export interface PlanOptions {
  readonly signal: AbortSignal;
  /** How long a language may be busy with what it does once on a machine, such as compiling its library. */
  readonly busyMs?: number;
}

/**
 * What a language plans for a program. One that answers `overloaded` is asked again until it is ready, or `signal` aborts.
 * @throws plugin_timeout, and what the language throws
 */
export async function planProgram(
  { runtime, info }: KnownLanguage,
  input: PlanInput,
  { signal, busyMs = 600_000 }: PlanOptions,
): Promise<ExecutionPlan> {
  const until = performance.now() + busyMs;
  const late = () =>
    new SoulboxError('plugin_timeout', `${info.name}: the program was not planned within ${answerMs} ms`);
  for (;;) {
    try {
      return await withDeadline(runtime.plan(input), answerMs, late);
    } catch (thrown) {
      const busy = isSoulboxError(thrown) && thrown.code === 'overloaded';
      if (!busy || signal.aborted || performance.now() >= until) throw thrown;
    }
    await delay(againAfterMs, signal);
  }
}
