import type { HookDefinition, TapOptions } from '@soulbox/plugin-sdk';
import type { Logger } from 'pino';
import { CallMeter, type Budget, type CallFigures } from '../measure/call-meter.ts';
import { Recurrence } from '../measure/recurrence.ts';

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
  readonly meter: CallMeter;
  /** Calls that needed more than half of the deadline. */
  slow: number;
  readonly failing: Recurrence;
  readonly lagging: Recurrence;
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
    meter: new CallMeter(),
    slow: 0,
    failing: new Recurrence(),
    lagging: new Recurrence(),
  };
}

/** Has a tap keep to a hook that was defined anew. */
export function rebindTap(tap: TapEntry, definition: HookDefinition): void {
  tap.definition = definition;
  tap.timeoutMs = tapTimeoutMs(definition, tap.options);
}

/** The calls of one tap, for `plugins.list`. */
export interface TapMetrics extends CallFigures {
  readonly hook: string;
  readonly slow: number;
  /** The deadline of one call. */
  readonly timeoutMs: number;
  readonly budget: Budget;
}

export function tapMetrics({ hook, meter, slow, timeoutMs }: TapEntry): TapMetrics {
  return { hook, ...meter.figures(), slow, timeoutMs, budget: meter.budget(timeoutMs) };
}
