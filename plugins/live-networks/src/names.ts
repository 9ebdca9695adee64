import type { Address } from './ranges.ts';

const first = [198, 19] as const;

/**
 * The addresses that a sandbox is told instead of the real ones: each stands for one name, so that a connection to it says which
 * name was meant, whatever that name leads to by then. They are of the half of the range for tests of devices that the link of
 * the sandbox is not of.
 */
export class Names {
  readonly #most: number;
  /** By the last two bytes of their addresses, less one. */
  readonly #byIndex: string[];
  /** The one asked for least recently first. */
  readonly #indexes = new Map<string, number>();

  constructor(most: number, known: readonly string[] = []) {
    this.#most = most;
    this.#byIndex = known.slice(0, most);
    this.#byIndex.forEach((name, index) => this.#indexes.set(name, index));
  }

  /** In the order of their addresses, so that they have the same ones again. */
  get all(): readonly string[] {
    return this.#byIndex;
  }

  /** Whether its address is new, or was that of another name, is told as well. */
  addressOf(name: string): { readonly address: string; readonly isNew: boolean } {
    const known = this.#indexes.get(name);
    const index = known ?? this.#place();
    this.#indexes.delete(name);
    this.#indexes.set(name, index);
    this.#byIndex[index] = name;
    const number = index + 1;
    return { address: [...first, number >> 8, number & 255].join('.'), isNew: known === undefined };
  }

  #place(): number {
    if (this.#byIndex.length < this.#most) return this.#byIndex.length;
    const [oldest, index] = [...this.#indexes.entries()][0]!;
    this.#indexes.delete(oldest);
    return index;
  }

  /** `null` for an address of the range that stands for no name, `undefined` for one of no such range. */
  nameOf(address: Address): string | null | undefined {
    const [a, b, c, d] = address.toByteArray();
    if (address.kind() !== 'ipv4' || a !== first[0] || b !== first[1]) return undefined;
    return this.#byIndex[c! * 256 + d! - 1] ?? null;
  }
}
