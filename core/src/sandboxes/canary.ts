import { randomUUID } from 'node:crypto';
import type { ExecutionPlan, Limits, RunOutcome } from '@soulbox/plugin-sdk';
import { withDeadline } from '../deadline.ts';
import { SoulboxError } from '@soulbox/plugin-sdk';
import type { KnownLanguage } from './languages.ts';
import type { Place } from './placement.ts';
import { planProgram } from './plan.ts';
import type { BoxPool } from './pool.ts';

export interface CanaryOptions {
  readonly limits: Limits;
  /** Aborted when nobody needs to know any more. */
  readonly signal: AbortSignal;
}

const saidChars = 300;

/** In a line: how it ended, and what it said of that. */
function ended({ verdict, exitCode }: RunOutcome, stderr: string): string {
  const code = verdict === 'exit' ? ` with ${exitCode}` : '';
  const said = stderr.trim().replaceAll(/\s+/g, ' ');
  return `it ended as ${verdict}${code}${said && `: ${said}`}`;
}

/** Boxes of canaries belong to nobody else. */
const tenant = 'canary';

/**
 * Runs a language's canary in a box as a client's program would be run. Returns what is wrong, or `undefined` when it
 * printed what it should. Never rejects.
 */
export async function runCanary(
  language: KnownLanguage,
  { chosen, toolchain }: Pick<Place, 'chosen' | 'toolchain'>,
  pool: BoxPool,
  { limits, signal }: CanaryOptions,
): Promise<string | undefined> {
  const { canary } = language.info;
  const ms = limits.wallMs * 2;
  const abort = new AbortController();
  const giveUp = () => abort.abort();
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  const late = () => {
    giveUp();
    return new SoulboxError('deadline_exceeded', `it did not end within ${ms} ms`);
  };
  const run = async (plan: Extract<ExecutionPlan, { ok: true }>): Promise<string | undefined> => {
    const lease = await pool.acquire(tenant);
    let healthy = false;
    try {
      const stages = plan.stages.map((stage) => ({ ...stage, stdin: false }));
      let stdout = '';
      let stderr = '';
      const spec = { id: randomUUID(), files: plan.files, stages, limits };
      for await (const event of chosen.driver.run(lease.sandboxId, spec, { signal: abort.signal })) {
        if (event.type === 'stdout') stdout += Buffer.from(event.data).toString('utf8');
        if (event.type === 'stderr') stderr = (stderr + Buffer.from(event.data).toString('utf8')).slice(-saidChars);
        if (event.type !== 'end') continue;
        healthy = event.outcome.verdict !== 'lost';
        if (event.outcome.verdict !== 'ok') return ended(event.outcome, stderr);
      }
      return stdout === canary.stdout ? undefined : 'it printed something else than it should';
    } finally {
      lease.release(healthy);
    }
  };
  try {
    const files = [{ path: '', content: Buffer.from(canary.code) }];
    const input = { entry: undefined, files, args: [], toolchain };
    const plan = await planProgram(language, input, { signal: abort.signal });
    return plan.ok ? await withDeadline(run(plan), ms, late) : plan.message;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : 'it failed';
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
