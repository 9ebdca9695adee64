import type { IncomingMessage } from 'node:http';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { isLoopback, urlHost } from '@soulbox/plugin-sdk/listening';
import type { Config } from './config.ts';
import { placeOf } from './shapes.ts';

/** Which preview a request is for, and how it was found. */
export interface Destination {
  readonly id: string;
  /** What stands before the path of the program; empty where the host name says it. */
  readonly prefix: string;
  /** Path and query as the program is to see them, but for the token. */
  readonly url: string;
}

const place = /^(\d{1,5}-[a-z0-9]{1,40})$/;
const placePath = /^\/(\d{1,5}-[a-z0-9]{1,40})(.*)$/s;

/** The addresses of previews: each has a host name of its own, and a path at the common one. */
export class Addresses {
  readonly #base: URL;
  readonly #names: ReadonlySet<string>;
  readonly #paths: boolean;

  /** `port`: the one that is listened on. */
  constructor({ host, url, tls, paths }: Pick<Config, 'host' | 'url' | 'tls' | 'paths'>, port: number) {
    this.#base = new URL(url ?? `${tls ? 'https' : 'http'}://localhost:${port}`);
    const loopback = isLoopback(host) ? ['localhost', '127.0.0.1', '[::1]'] : [];
    this.#names = new Set([this.#base.hostname, urlHost(host), ...loopback]);
    this.#paths = paths;
  }

  of(port: number, sandbox: string): { readonly url: string; readonly pathUrl: string | null } {
    const name = placeOf(port, sandbox);
    const own = new URL(this.#base);
    own.hostname = `${name}.${own.hostname}`;
    return { url: own.href, pathUrl: this.#paths ? new URL(`${name}/`, this.#base).href : null };
  }

  /** @throws invalid_request, and not_found where it is for no preview */
  destination({ headers, url = '' }: Pick<IncomingMessage, 'headers' | 'url'>): Destination {
    if (!url.startsWith('/')) throw new SoulboxError('invalid_request', 'a path is wanted');
    const host = (headers.host ?? '').toLowerCase().replace(/:\d*$/, '');
    const below = `.${this.#base.hostname}`;
    if (host.endsWith(below)) {
      const [, id] = place.exec(host.slice(0, -below.length)) ?? [];
      if (id !== undefined) return { id, prefix: '', url };
    }
    // A page of a rebound name must not get at what has no origin of its own.
    else if (this.#paths && this.#names.has(host)) {
      const [, id, rest = ''] = placePath.exec(url) ?? [];
      if (id !== undefined && (rest === '' || /^[/?]/.test(rest)))
        return { id, prefix: `/${id}`, url: rest.startsWith('/') ? rest : `/${rest}` };
    }
    throw new SoulboxError('not_found', 'there is no such preview');
  }
}
