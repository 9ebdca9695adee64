import type { PoolDemand, PoolUse, ProgramUse, ScalingDecider } from '@soulbox/plugin-sdk';
import { Budget } from './budget.ts';
import type { WarmPoolConfig } from './config.ts';
import { Usage } from './usage.ts';

export { ConfigSchema } from './config.ts';

/** What is known of something that nobody asks about for so long is forgotten. */
const forgottenMs = 600_000;

const firstOfAKind = 2;
const firstWorth = 1_000;

/** More where more ran at once lately, all within one budget of memory, the least valuable giving way. */
export class WarmPoolPolicy implements ScalingDecider {
  private readonly config: WarmPoolConfig;
  private readonly budget: Budget;
  private readonly usages = new Map<string, Usage>();
  private readonly worths = new Map<string, number>();
  private sweptAt = 0;

  constructor(config: WarmPoolConfig) {
    this.config = config;
    this.budget = new Budget(config.memoryBytes);
  }

  boxes(demand: PoolDemand, use: PoolUse): PoolDemand {
    return this.fitBoxes(this.growBoxes(demand), use);
  }

  programs(demand: PoolDemand, use: ProgramUse): PoolDemand {
    return this.fitPrograms(this.growPrograms(demand, use), use);
  }

  /** Tenants with a pool of their own keep their boxes. */
  growBoxes(demand: PoolDemand): PoolDemand {
    const own = Object.keys(this.config.tenants);
    if (own.length === 0) return demand;
    return { ...demand, keep: [...new Set([...(demand.keep ?? []), ...own])] };
  }

  growPrograms(demand: PoolDemand, use: ProgramUse): PoolDemand {
    const { share, max } = this.config;
    const key = keyOf(use);
    const { perSecond, peak } = this.usageOf(key, use.at).note(use.uses, use.running, use.at);
    this.worths.set(key, perSecond / this.bytesOf(use.language));
    const own = this.dedicated(use)?.programs ?? 0;
    const grown = demand.want === 0 ? 0 : Math.min(max, Math.max(demand.want, Math.ceil(peak * share)));
    return { ...demand, want: Math.max(own, grown) };
  }

  /** As many as the budget has room for. */
  fitBoxes(demand: PoolDemand, { driver, image, taken, at }: PoolUse): PoolDemand {
    const key = JSON.stringify(['pool', driver, image]);
    const { perSecond } = this.usageOf(key, at).note(taken, 0, at);
    const { boxBytes: bytes } = this.config;
    // A box that waits saves more than a program: the box, and the programs in it.
    const worth = (2 * perSecond + 1 / forgottenMs) / bytes;
    return { ...demand, want: this.budget.ask({ key, want: demand.want, bytes, worth, at }) };
  }

  fitPrograms(demand: PoolDemand, use: ProgramUse): PoolDemand {
    const { at } = use;
    const key = keyOf(use);
    const worth = this.dedicated(use) ? Infinity : (this.worths.get(key) ?? 0);
    const bytes = this.bytesOf(use.language);
    // The first of a kind is taken far more often than the fifth: all have their first before one has more.
    const few = Math.min(demand.want, firstOfAKind);
    const first = this.budget.ask({ key, want: few, bytes, worth: worth * firstWorth, at });
    const more = this.budget.ask({ key: `${key}+`, want: demand.want - few, bytes, worth, at });
    return { ...demand, want: first + more };
  }

  gone(sandboxId: string): void {
    const start = `${JSON.stringify(['box', sandboxId]).slice(0, -1)},`;
    const isOfBox = (key: string) => key.startsWith(start);
    this.budget.drop(isOfBox);
    for (const key of this.usages.keys()) if (isOfBox(key)) this.forget(key);
  }

  /** What all that waits is counted as, in bytes. */
  get usedBytes(): number {
    return this.budget.usedBytes;
  }

  private bytesOf(language: string): number {
    const { languages, programBytes } = this.config;
    return (Object.hasOwn(languages, language) ? languages[language] : undefined) ?? programBytes;
  }

  private dedicated({ tenant }: ProgramUse): { programs: number } | undefined {
    const { tenants } = this.config;
    return tenant !== null && Object.hasOwn(tenants, tenant) ? tenants[tenant] : undefined;
  }

  private usageOf(key: string, at: number): Usage {
    if (at - this.sweptAt > forgottenMs) {
      this.sweptAt = at;
      for (const [old, { notedAt }] of this.usages) if (at - notedAt > forgottenMs) this.forget(old);
    }
    let usage = this.usages.get(key);
    if (!usage) this.usages.set(key, (usage = new Usage(this.config.holdMs)));
    return usage;
  }

  private forget(key: string): void {
    this.usages.delete(key);
    this.worths.delete(key);
  }
}

function keyOf({ sandboxId, language, version, limits }: ProgramUse): string {
  return JSON.stringify(['box', sandboxId, language, version, limits]);
}
