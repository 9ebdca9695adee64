import { z } from '@soulbox/plugin-sdk';
import { Contest } from './contest.ts';
import { Demand, DemandStateSchema, type Forecast } from './demand.ts';

export interface ForecasterOptions {
  /** What a start that nobody has to wait for is worth: so many seconds of one that waits. */
  readonly worthSeconds: number;
  /** How long it takes until another waits in the place of one that was taken. */
  readonly replaceMs: number;
  readonly margin: number;
  readonly max: number;
}

export const ForecasterStateSchema = z.object({ demand: DemandStateSchema, seen: z.int().min(0) });
/** What is worth remembering beyond a restart. */
export type ForecasterState = z.infer<typeof ForecasterStateSchema>;

/** How many wait, and why. */
export interface Decision {
  readonly at: number;
  readonly want: number;
  /** `learning`: too little is known. `plain`: plain refill has done better lately. In both, it is as without this plugin. */
  readonly by: 'learning' | 'forecast' | 'plain';
  /** As without this plugin. */
  readonly usual: number;
  readonly forecast: Forecast;
  /** How often a second the last that waits, and one more, would be taken. */
  readonly last: number;
  readonly next: number;
  /** What both ways would have cost lately, in seconds of one that waits. */
  readonly costs: { readonly own: number; readonly plain: number };
  readonly worthSeconds: number;
}

/** So many uses must have been seen before anything is foretold. */
const learnUses = 5;
/** One that waits is let go only when it is worth clearly less than another would have to be. */
const stay = 0.5;

/** Sizes one group of things that wait: each as long as it is taken often enough to be worth its place. */
export class Forecaster {
  private readonly options: ForecasterOptions;
  private readonly demand: Demand;
  private readonly contest: Contest;
  private seen: number;
  private own = 0;
  decision: Decision | undefined;

  constructor(options: ForecasterOptions, state?: ForecasterState) {
    this.options = options;
    this.demand = new Demand(options.replaceMs, state?.demand);
    this.contest = new Contest(options.worthSeconds, options.margin);
    this.seen = state?.seen ?? 0;
  }

  /** Decides anew after `arrivals` since it was last asked; `usual` is what there would be without this plugin. */
  decide(arrivals: number, usual: number, at: number): Decision {
    const isLearning = this.seen < learnUses;
    const needs = this.demand.add(arrivals, at);
    if (!isLearning) this.contest.judge(needs, at);
    this.seen += arrivals;
    const forecast = this.demand.forecast(at);
    const { own } = this;
    this.own = this.size(forecast.perSecond, own);
    this.contest.hold(this.own, usual);
    const by = isLearning ? 'learning' : this.contest.isLost ? 'plain' : 'forecast';
    this.decision = {
      at,
      want: by === 'forecast' ? this.own : usual,
      by,
      usual,
      forecast,
      last: this.own === 0 ? 0 : this.taken(this.own, forecast.perSecond),
      next: this.taken(this.own + 1, forecast.perSecond),
      costs: this.contest.costs,
      worthSeconds: this.options.worthSeconds,
    };
    return this.decision;
  }

  private size(perSecond: number, before: number): number {
    const { worthSeconds, max } = this.options;
    let count = 0;
    while (count < max) {
      const enough = count < before ? stay : 1;
      if (this.taken(count + 1, perSecond) * worthSeconds < enough) break;
      count += 1;
    }
    return count;
  }

  /** How often a second the `count`-th of those that wait is taken. */
  private taken(count: number, perSecond: number): number {
    return perSecond * this.demand.need.atLeast(count, perSecond);
  }

  get state(): ForecasterState {
    return { demand: this.demand.state, seen: this.seen };
  }
}
