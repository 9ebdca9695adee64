import type { Cache, PluginContext } from '@soulbox/plugin-sdk';
import type { Config } from './config.ts';
import { Tier } from './tier.ts';

/** The caches that the configuration names, or all that there are. */
export class Tiers {
  private readonly caches: ReadonlyMap<string, Cache>;
  private readonly config: Config;
  private readonly log: PluginContext['log'];
  private readonly known = new Map<string, Tier>();

  constructor(caches: ReadonlyMap<string, Cache>, config: Config, log: PluginContext['log']) {
    this.caches = caches;
    this.config = config;
    this.log = log;
  }

  /** Those that are there, in the order in which they are asked. */
  get inOrder(): readonly Tier[] {
    return this.names.map((name) => this.tier(name)).filter((tier) => tier.present);
  }

  /** Every one ever asked. */
  get all(): readonly Tier[] {
    for (const name of this.names) this.tier(name);
    return [...this.known.values()];
  }

  /** Names in the configuration that no cache has. */
  get missing(): readonly string[] {
    return (this.config.tiers ?? []).filter((name) => !this.caches.has(name));
  }

  private get names(): readonly string[] {
    const { tiers } = this.config;
    if (tiers) return [...new Set(tiers)];
    return [...this.caches.keys()].toSorted((a, b) => Number(b === 'memory') - Number(a === 'memory'));
  }

  private tier(name: string): Tier {
    let found = this.known.get(name);
    if (!found) {
      const { config, log, caches } = this;
      found = new Tier(name, { cache: () => caches.get(name), maxMs: config.tierMs, log });
      this.known.set(name, found);
    }
    return found;
  }
}
