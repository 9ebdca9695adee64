import type { ScalingDecider, ScalingPolicy } from './contracts/scaling.ts';
import { SoulboxError } from './errors.ts';
import type { PoolDemand, PoolUse, ProgramUse } from './hooks.ts';

const maxTrials = 32;

/** Offers a plugin's decider, made anew for each trial, as a {@link ScalingPolicy}. */
export class ScalingTrials implements ScalingPolicy {
  private readonly make: () => ScalingDecider;
  private readonly trials = new Map<string, ScalingDecider>();
  private last = 0;

  constructor(make: () => ScalingDecider) {
    this.make = make;
  }

  async begin(): Promise<string> {
    if (this.trials.size >= maxTrials)
      throw new SoulboxError('overloaded', `${maxTrials} trials are under way`, { details: { retryAfterMs: 10_000 } });
    this.last += 1;
    const id = `trial-${this.last}`;
    this.trials.set(id, this.make());
    return id;
  }

  async boxes(trial: string, demand: PoolDemand, use: PoolUse): Promise<PoolDemand> {
    return this.find(trial).boxes(demand, use);
  }

  async programs(trial: string, demand: PoolDemand, use: ProgramUse): Promise<PoolDemand> {
    return this.find(trial).programs(demand, use);
  }

  async gone(trial: string, sandboxId: string): Promise<void> {
    this.find(trial).gone(sandboxId);
  }

  async end(trial: string): Promise<void> {
    this.trials.delete(trial);
  }

  private find(trial: string): ScalingDecider {
    const found = this.trials.get(trial);
    if (!found) throw new SoulboxError('not_found', `there is no trial ${trial}`);
    return found;
  }
}
