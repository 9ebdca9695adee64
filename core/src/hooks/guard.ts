import { isSoulboxError, parse, SoulboxError, type HookInfo } from '@soulbox/plugin-sdk';
import { withDeadline } from '../deadline.ts';
import { runAs } from '../plugins/attribution.ts';
import type { TapEntry } from './tap.ts';

/** The last argument of each tap. Most taps never look at the signal, so it is made only when asked for. */
class LazyInfo implements HookInfo {
  readonly log;
  private readonly tap: TapEntry;
  private controller: AbortController | undefined;

  constructor(tap: TapEntry) {
    this.tap = tap;
    this.log = tap.owner.log;
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    return AbortSignal.any([this.controller.signal, this.tap.owner.signal]);
  }

  abort(): void {
    this.controller ??= new AbortController();
    this.controller.abort();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function failure(tap: TapEntry, thrown: unknown): SoulboxError {
  if (isSoulboxError(thrown)) return thrown;
  return new SoulboxError('hook_failed', `plugin ${tap.owner.id} failed in hook ${tap.hook}`, {
    cause: thrown,
    details: { plugin: tap.owner.id, hook: tap.hook },
  });
}

/** The share of its deadline beyond which a tap is slow. */
const slowShare = 0.5;

function tellFailure(tap: TapEntry, thrown: unknown): void {
  tap.meter.errors += 1;
  if (!tap.failing.worthTelling()) return;
  tap.owner.log.warn({ err: thrown, hook: tap.hook, errors: tap.meter.errors }, 'a hook failed');
}

function tellSlowness(tap: TapEntry, tookMs: number): void {
  tap.slow += 1;
  if (!tap.lagging.worthTelling()) return;
  const { hook, slow, timeoutMs } = tap;
  tap.owner.log.warn({ hook, slow, tookMs, timeoutMs }, 'a hook needed more than half of its time');
}

/**
 * The one place where plugin code in hooks is called: with a deadline, blame, policy and measurement.
 * Resolves with the tap's answer, `undefined` for none. Rejects only where the hook's policy is `fail`.
 */
export async function guarded(tap: TapEntry, args: readonly unknown[]): Promise<unknown> {
  const info = new LazyInfo(tap);
  const begun = performance.now();
  tap.meter.calls += 1;
  let failed = false;
  try {
    const returned = runAs(tap.owner.id, () => tap.fn(...([...args, info] as never[])));
    const answer = isThenable(returned)
      ? await withDeadline(Promise.resolve(returned), tap.timeoutMs, () => timeout(tap, info))
      : returned;
    return checked(tap, answer, args[0]);
  } catch (thrown) {
    failed = true;
    tellFailure(tap, thrown);
    if (tap.definition.onError === 'fail') throw failure(tap, thrown);
    return undefined;
  } finally {
    const tookMs = performance.now() - begun;
    tap.meter.record(tookMs);
    // One that was too late has been named for that.
    if (!failed && tookMs > tap.timeoutMs * slowShare) tellSlowness(tap, tookMs);
  }
}

function timeout(tap: TapEntry, info: LazyInfo): SoulboxError {
  info.abort();
  return new SoulboxError(
    'hook_timeout',
    `plugin ${tap.owner.id} did not answer hook ${tap.hook} within ${tap.timeoutMs} ms`,
    {
      details: { plugin: tap.owner.id, hook: tap.hook },
    },
  );
}

function checked(tap: TapEntry, answer: unknown, before: unknown): unknown {
  const { kind, result } = tap.definition;
  if (answer === undefined || answer === null || kind === 'series' || kind === 'parallel') return undefined;
  if (answer === before || result === undefined) return answer;
  try {
    parse(result, answer, 'hook_invalid_result');
    return answer;
  } catch (error) {
    throw new SoulboxError(
      'hook_invalid_result',
      `plugin ${tap.owner.id} answered hook ${tap.hook} with a value of the wrong shape: ${(error as Error).message}`,
      {
        details: { plugin: tap.owner.id, hook: tap.hook },
      },
    );
  }
}
