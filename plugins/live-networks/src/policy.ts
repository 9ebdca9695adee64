import type { NetworkPolicy } from '@soulbox/plugin-sdk';
import { isPublic, isWithin, type Address, type Range } from './ranges.ts';
import { coversAddress, coversName, coversPort, parseRule, type Rule } from './rules.ts';

/** Why something may not be reached; `undefined`: it may. */
export type Refusal = 'mode' | 'not_allowed' | 'denied' | 'closed_range' | undefined;

/** What one sandbox may reach. */
export class Policy {
  readonly network: NetworkPolicy;
  readonly #allow: readonly Rule[];
  readonly #deny: readonly Rule[];
  readonly #granted: readonly Range[];

  /** @throws invalid_params for a rule that is none */
  constructor(network: NetworkPolicy, granted: readonly Range[]) {
    this.network = network;
    this.#allow = (network.allow ?? []).map(parseRule);
    this.#deny = (network.deny ?? []).map(parseRule);
    this.#granted = granted;
  }

  /** Whether a name may be asked for: some port there may be reached. */
  name(name: string): Refusal {
    if (this.network.mode === 'none') return 'mode';
    if (this.#deny.some((rule) => 'name' in rule && rule.port === undefined && coversName(rule, name))) return 'denied';
    return this.network.mode === 'open' || this.#allow.some((rule) => coversName(rule, name))
      ? undefined
      : 'not_allowed';
  }

  /** Whether a name may be connected to. Where it leads to is another question. */
  namedPort(name: string, port: number): Refusal {
    if (this.network.mode === 'none') return 'mode';
    const covers = (rule: Rule) => coversPort(rule, port) && coversName(rule, name);
    if (this.#deny.some((rule) => 'name' in rule && covers(rule))) return 'denied';
    return this.network.mode === 'open' || this.#allow.some(covers) ? undefined : 'not_allowed';
  }

  /** Whether an address may be connected to; `named` where a name that may be led there. */
  address(address: Address, port: number, named: boolean): Refusal {
    if (this.network.mode === 'none') return 'mode';
    const covers = (rule: Rule) => coversPort(rule, port) && coversAddress(rule, address);
    if (this.#deny.some(covers)) return 'denied';
    const isAllowed = this.#allow.some(covers);
    if (!isPublic(address) && !(isAllowed && this.#granted.some((range) => isWithin(address, range))))
      return 'closed_range';
    return named || isAllowed || this.network.mode === 'open' ? undefined : 'not_allowed';
  }
}
