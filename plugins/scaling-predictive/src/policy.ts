import type { PoolDemand, PoolUse, ProgramUse, ScalingDecider } from '@soulbox/plugin-sdk';
import type { PredictiveConfig } from './config.ts';
import { Forecaster, type Decision, type ForecasterState } from './forecaster.ts';

export { ConfigSchema } from './config.ts';

/** So many series of demand are kept, the latest used. */
const maxSeries = 1_000;

export interface PredictiveOptions {
  /** What an earlier policy knew. */
  readonly learned?: ReadonlyMap<string, ForecasterState>;
  /** Hears of each decision. */
  readonly tell?: (key: string, decision: Decision) => void;
}

/** Has as many wait as are worth it by what is foreseen, for each tenant and language and for those who are to come. */
export class PredictivePolicy implements ScalingDecider {
  private readonly config: PredictiveConfig;
  /** The one used last at the end. */
  private readonly series = new Map<string, Forecaster>();
  /** Counts that were told last, by box and by what is counted in it. */
  private readonly counts = new Map<string, Map<string, number>>();
  /** From before a restart, until it is asked for. */
  private readonly learned: Map<string, ForecasterState>;
  private readonly tell: (key: string, decision: Decision) => void;

  constructor(config: PredictiveConfig, { learned = new Map(), tell = () => {} }: PredictiveOptions = {}) {
    this.config = config;
    this.learned = new Map(learned);
    this.tell = tell;
  }

  boxes(demand: PoolDemand, { driver, image, taken, at }: PoolUse): PoolDemand {
    const key = JSON.stringify(['boxes', driver, image]);
    const { boxMs: replaceMs, maxBoxes: max, boxBytes: bytes } = this.config;
    const forecaster = this.forecaster(key, { replaceMs, max, bytes });
    const decided = this.answer(demand, key, forecaster.decide(this.more(key, 'taken', taken), demand.want, at));
    return { ...decided, want: Math.max(decided.want, Math.min(demand.want, this.config.minBoxes)) };
  }

  programs(demand: PoolDemand, use: ProgramUse): PoolDemand {
    const { tenant, language, version, limits, sandboxId, uses, at } = use;
    const kind = JSON.stringify([language, version, limits]);
    const { programMs: replaceMs, maxPrograms: max, programBytes, languages } = this.config;
    const bytes = (Object.hasOwn(languages, language) ? languages[language] : undefined) ?? programBytes;
    const thing = { replaceMs, max, bytes };
    const isFirst = !this.counts.get(sandboxId)?.get(kind);
    const arrivals = this.more(sandboxId, kind, uses);
    const newcomers = JSON.stringify(['programs', null, language, version]);
    const shared = this.forecaster(newcomers, thing);
    if (tenant === null) {
      // Several boxes may wait: demand is counted where it arises, in the boxes that tenants took.
      return this.answer(demand, newcomers, shared.decide(0, demand.want, at));
    }
    if (isFirst && arrivals > 0) shared.decide(1, shared.decision?.usual ?? demand.want, at);
    const key = JSON.stringify(['programs', tenant, language, version, limits]);
    return this.answer(demand, key, this.forecaster(key, thing).decide(arrivals, demand.want, at));
  }

  private answer(demand: PoolDemand, key: string, decision: Decision): PoolDemand {
    this.tell(key, decision);
    return { ...demand, want: decision.want };
  }

  gone(sandboxId: string): void {
    this.counts.delete(sandboxId);
  }

  /** What was decided last for each series, the latest used first. */
  decisions(): { readonly key: string; readonly decision: Decision }[] {
    const all = [...this.series].toReversed();
    return all.flatMap(([key, { decision }]) => (decision ? [{ key, decision }] : []));
  }

  /** What was learned, by series, to be kept. */
  states(): Map<string, ForecasterState> {
    const present = [...this.series].map(([key, { state }]): [string, ForecasterState] => [key, state]);
    return new Map([...this.learned, ...present].slice(-maxSeries));
  }

  private forecaster(key: string, { bytes, ...thing }: { replaceMs: number; max: number; bytes: number }): Forecaster {
    const { worthBytes, margin } = this.config;
    const options = { ...thing, margin, worthSeconds: worthBytes / bytes };
    const found = this.series.get(key) ?? new Forecaster(options, this.learned.get(key));
    this.learned.delete(key);
    this.series.delete(key);
    this.series.set(key, found);
    const [oldest = key] = this.series.keys();
    if (this.series.size > maxSeries) this.series.delete(oldest);
    return found;
  }

  /** How much a count has grown since it was told last. */
  private more(group: string, name: string, count: number): number {
    let counts = this.counts.get(group);
    if (!counts) this.counts.set(group, (counts = new Map()));
    const before = counts.get(name) ?? 0;
    counts.set(name, count);
    return count >= before ? count - before : count;
  }
}
