import type { PoolDemand, PoolUse, ProgramUse } from '../hooks.ts';
import { tokens } from '../token.ts';

/**
 * Decides how many boxes and programs wait. It has no clock of its own: what it is asked tells the time, so that the same
 * code serves a host and a simulation of one.
 */
export interface ScalingDecider {
  /** As a tap of `scaling.signal`. */
  boxes(demand: PoolDemand, use: PoolUse): PoolDemand;
  /** As a tap of `scaling.programs`. */
  programs(demand: PoolDemand, use: ProgramUse): PoolDemand;
  /** As a tap of `sandbox.destroyed`. */
  gone(sandboxId: string): void;
}

/** The decisions of a scaling plugin, to try on demand that is not that of the host. */
export interface ScalingPolicy {
  /** Begins a trial, which knows nothing of the host or of other trials. Resolves with its id. @throws overloaded */
  begin(): Promise<string>;
  /** As {@link ScalingDecider.boxes}. @throws not_found for a trial that has ended. */
  boxes(trial: string, demand: PoolDemand, use: PoolUse): Promise<PoolDemand>;
  programs(trial: string, demand: PoolDemand, use: ProgramUse): Promise<PoolDemand>;
  gone(trial: string, sandboxId: string): Promise<void>;
  /** Ending what has ended is not an error. */
  end(trial: string): Promise<void>;
}
export const ScalingPolicy = tokens<ScalingPolicy>('scaling-policy', '1.0.0', [
  'begin',
  'boxes',
  'programs',
  'gone',
  'end',
]);
