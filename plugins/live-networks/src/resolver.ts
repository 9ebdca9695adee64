import { Resolver as NodeResolver } from 'node:dns/promises';
import type { Config } from './config.ts';
import { parseAddress, type Address } from './ranges.ts';

const mostKept = 1_000;
/** However long the answer itself may be kept. */
const longestMs = 60_000;

interface Kept {
  readonly addresses: readonly Address[];
  readonly until: number;
}

const isNoSuchName = (error: unknown): boolean =>
  ['ENOTFOUND', 'ENODATA'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Asks for names on behalf of all sandboxes; the threads that the rest of the host uses have no part in it. */
export class Resolver {
  readonly #resolver: NodeResolver;
  readonly #kept = new Map<string, Kept>();

  constructor({ nameServers, nameTimeoutMs }: Pick<Config, 'nameServers' | 'nameTimeoutMs'>) {
    this.#resolver = new NodeResolver({ timeout: nameTimeoutMs, tries: 2 });
    if (nameServers) this.#resolver.setServers(nameServers);
  }

  /** Those of IPv4 first; none where there is no such name. @throws what node:dns throws where nobody answered */
  async addresses(name: string): Promise<readonly Address[]> {
    const kept = this.#kept.get(name);
    if (kept && kept.until > performance.now()) return kept.addresses;
    const answers = await Promise.all([
      this.#asked(this.#resolver.resolve4(name, { ttl: true })),
      this.#asked(this.#resolver.resolve6(name, { ttl: true })),
    ]);
    const found = answers.flat();
    const addresses = found.flatMap(({ address }) => parseAddress(address) ?? []);
    const seconds = Math.min(...found.map(({ ttl }) => ttl));
    if (found.length > 0)
      this.#keep(name, { addresses, until: performance.now() + Math.min(seconds * 1_000, longestMs) });
    return addresses;
  }

  #keep(name: string, kept: Kept): void {
    this.#kept.delete(name);
    this.#kept.set(name, kept);
    if (this.#kept.size > mostKept) this.#kept.delete(this.#kept.keys().next().value!);
  }

  texts(name: string) {
    return this.#asked(this.#resolver.resolveTxt(name));
  }

  mailServers(name: string) {
    return this.#asked(this.#resolver.resolveMx(name));
  }

  services(name: string) {
    return this.#asked(this.#resolver.resolveSrv(name));
  }

  async #asked<T>(answer: Promise<T[]>): Promise<T[]> {
    try {
      return await answer;
    } catch (error) {
      if (isNoSuchName(error)) return [];
      throw error;
    }
  }
}
