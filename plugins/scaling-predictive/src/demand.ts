import { z } from '@soulbox/plugin-sdk';
import { Need } from './need.ts';
import { Rate } from './rate.ts';
import { Rhythm } from './rhythm.ts';
import { Season, SeasonStateSchema } from './season.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** What is foreseen for so long ahead is prepared now. */
const leadMs = 30_000;
/** The level of today is that of so long. */
const levelMs = 900_000;
/** The level of today may differ by so much from what is usual at this time. */
const trend = { least: 0.25, most: 4 };

export const DemandStateSchema = z.object({
  day: SeasonStateSchema,
  week: SeasonStateSchema,
  gaps: z.array(z.number().min(0)),
  needs: z.array(z.number().min(0)),
});
export type DemandState = z.infer<typeof DemandStateSchema>;

/** What is expected, in uses a second, and where that comes from. */
export interface Forecast {
  readonly perSecond: number;
  /** Of the last seconds, and of the last minutes. */
  readonly burst: number;
  readonly recent: number;
  /** Usual at this time of day and week, at today's level; `null` where it is not known yet. */
  readonly seasonal: number | null;
  readonly rhythm: number;
}

/** What one series of demand has been like, and what it will be. */
export class Demand {
  private readonly burst = new Rate(10_000);
  private readonly recent = new Rate(120_000);
  private readonly level = new Rate(levelMs);
  /** What the level would be if all were as usual. */
  private readonly usualLevel = new Rate(levelMs);
  private at: number | undefined;
  private readonly day: Season;
  private readonly week: Season;
  private readonly rhythm: Rhythm;
  readonly need: Need;

  constructor(replaceMs: number, state?: DemandState) {
    this.day = new Season(dayMs, 96, state?.day);
    this.week = new Season(7 * dayMs, 168, state?.week);
    this.rhythm = new Rhythm(state?.gaps);
    this.need = new Need(replaceMs, state?.needs);
  }

  /** Notes `count` arrivals since it was last told. Answers, for each, how many had to wait ready. */
  add(count: number, at: number): number[] {
    const usual = this.usual(at);
    const seconds = this.at === undefined ? 0 : Math.max(0, at - this.at) / 1_000;
    if (usual !== undefined) this.usualLevel.add(usual * seconds, at);
    this.at = at;
    for (const rate of [this.burst, this.recent, this.level]) rate.add(count, at);
    this.day.add(count, at);
    this.week.add(count, at);
    if (count > 0) this.rhythm.add(at);
    return this.need.add(count, at);
  }

  forecast(at: number): Forecast {
    const burst = this.burst.perSecond(at);
    const recent = this.recent.perSecond(at);
    const seasonal = this.seasonal(at);
    const rhythm = this.rhythm.perSecond(at + leadMs / 3);
    return { perSecond: Math.max(burst, recent, seasonal ?? 0, rhythm), burst, recent, seasonal, rhythm };
  }

  private seasonal(at: number): number | null {
    const soon = this.usual(at + leadMs);
    if (soon === undefined) return null;
    const usualLevel = this.usualLevel.perSecond(at);
    const ratio = usualLevel > 0 ? this.level.perSecond(at) / usualLevel : 1;
    return soon * Math.min(trend.most, Math.max(trend.least, ratio));
  }

  /** The day tells the hour more closely, the week knows its days. */
  private usual(at: number): number | undefined {
    const [day, week] = [this.day.perSecond(at), this.week.perSecond(at)];
    return day === undefined || week === undefined ? day : (day + week) / 2;
  }

  get state(): DemandState {
    return { day: this.day.state, week: this.week.state, gaps: this.rhythm.state, needs: this.need.state };
  }
}
