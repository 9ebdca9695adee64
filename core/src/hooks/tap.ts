import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { HookDefinition, TapOptions } from '@soulbox/plugin-sdk';
import type { Logger } from 'pino';

/** Whose code a tap is. */
export interface TapOwner {
  readonly id: string;
  readonly log: Logger;
  /** Aborted when the plugin stops. */
  readonly signal: AbortSignal;
}

export type TapFunction = (...args: never[]) => unknown;

/** One function tapped into one hook, with what is known of its calls. */
export interface TapEntry {
  readonly hook: string;
  definition: HookDefinition;
  readonly owner: TapOwner;
  readonly fn: TapFunction;
  readonly stage: -100 | 0 | 100;
  readonly options: TapOptions;
  timeoutMs: number;
  calls: number;
  errors: number;
  /** In nanoseconds. */
  readonly durations: RecordableHistogram;
}

const stages = { pre: -100, post: 100 } as const;

function tapTimeoutMs(definition: HookDefinition, options: TapOptions): number {
  return Math.min(options.timeoutMs ?? Infinity, definition.timeoutMs);
}

export function makeTap(
  hook: string,
  definition: HookDefinition,
  owner: TapOwner,
  fn: TapFunction,
  options: TapOptions,
): TapEntry {
  return {
    hook,
    definition,
    owner,
    fn,
    stage: options.order ? stages[options.order] : 0,
    options,
    timeoutMs: tapTimeoutMs(definition, options),
    calls: 0,
    errors: 0,
    durations: createHistogram(),
  };
}

/** Has a tap keep to a hook that was defined anew. */
export function rebindTap(tap: TapEntry, definition: HookDefinition): void {
  tap.definition = definition;
  tap.timeoutMs = tapTimeoutMs(definition, tap.options);
}

/** The calls of one tap, for `plugins.list`. Durations in milliseconds. */
export interface TapMetrics {
  readonly hook: string;
  readonly calls: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly totalMs: number;
  /** The deadline of one call. */
  readonly timeoutMs: number;
}

export function tapMetrics(tap: TapEntry): TapMetrics {
  const ms = (percentile: number) => (tap.calls === 0 ? 0 : tap.durations.percentile(percentile) / 1e6);
  const { hook, calls, errors, timeoutMs } = tap;
  const totalMs = calls === 0 ? 0 : (tap.durations.mean * tap.durations.count) / 1e6;
  return { hook, calls, errors, p50Ms: ms(50), p95Ms: ms(95), totalMs, timeoutMs };
}
