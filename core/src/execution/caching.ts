import { isSoulboxError, type ErrorCode, type ExecutionRequest, type ExecutionResult } from '@soulbox/plugin-sdk';
import type { Place, Placement } from '../sandboxes/placement.ts';
import { Flights } from './flights.ts';
import type { Prepared } from './prepare.ts';
import { decidingPlugins, resultKey, viewerOf, type DecidingParts } from './result-key.ts';

interface CachingParts extends DecidingParts {
  readonly placement: Placement;
  readonly settings: { readonly queue: number };
}

/** What a key was made from, besides the request. */
interface Basis {
  readonly prepared: Prepared;
  readonly place: Place;
  readonly plugins: string;
}

/** Errors of an engine that may be back soon: what ran before can be answered meanwhile. */
const outages: ReadonlySet<ErrorCode> = new Set(['sandbox_unavailable', 'runtime_unavailable', 'language_unavailable']);

/** Answers executions that ask for it with what an equal one came to before. The results lie with the taps of two hooks. */
export class Caching {
  private readonly parts: CachingParts;
  private readonly flights: Flights;
  private readonly bases = new WeakMap<ExecutionRequest, Basis>();
  /** Where languages ran last, by name and the version asked for. */
  private readonly lastPlaces = new Map<string, Place>();

  constructor(parts: CachingParts) {
    this.parts = parts;
    this.flights = new Flights(parts.settings.queue);
  }

  /** The same, with its key where it asks for a cache and there is one. @throws what {@link Placement.find} throws */
  async keyed(prepared: Prepared): Promise<Prepared> {
    const { request } = prepared;
    const { cache = false } = request;
    if (cache === false || !this.parts.hooks.tapped('execution.lookup')) return prepared;
    const place = await this.placeOf(prepared);
    const plugins = decidingPlugins(this.parts, prepared, place);
    if (plugins === undefined) return prepared;
    const viewer = viewerOf(this.parts, request);
    const keyed = Object.freeze({ ...request, resultKey: resultKey(prepared, { place, plugins, viewer }) });
    this.bases.set(keyed, { prepared, place, plugins });
    return { ...prepared, request: keyed };
  }

  private async placeOf({ request: { version }, language: info, runtime }: Prepared): Promise<Place> {
    const name = JSON.stringify([info.name, version]);
    try {
      const place = await this.parts.placement.find({ runtime, info }, version);
      this.lastPlaces.set(name, place);
      return place;
    } catch (thrown) {
      const last = isSoulboxError(thrown) && outages.has(thrown.code) ? this.lastPlaces.get(name) : undefined;
      if (last) return last;
      throw thrown;
    }
  }

  /** An earlier result that answers; `undefined` means: run it. @throws cancelled */
  async find(request: ExecutionRequest, signal: AbortSignal): Promise<ExecutionResult | undefined> {
    const { resultKey: key, cache } = request;
    // Who takes nothing older than now has it run, and leaves a newer result.
    if (key === undefined || (typeof cache === 'object' && cache.maxAgeMs === 0)) return undefined;
    const lookup = async () => {
      const found = await this.parts.hooks.call('execution.lookup', request);
      return found?.verdict ? found : undefined;
    };
    return this.flights.join(key, request, lookup, signal);
  }

  /** The request as those may see it who keep the result: without its key, unless what ran is what the key says. */
  vouched(request: ExecutionRequest, { sandbox }: ExecutionResult): ExecutionRequest {
    const basis = this.bases.get(request);
    if (!basis) return request;
    const { place, prepared, plugins } = basis;
    const ranThere = !sandbox || (sandbox.driver === place.chosen.name && sandbox.image?.digest === place.digest);
    if (ranThere && decidingPlugins(this.parts, prepared, place) === plugins) return request;
    const { resultKey: _key, ...rest } = request;
    return rest;
  }

  /** An execution ended, or never came to run; those that wait for it go on. */
  ended(request: ExecutionRequest, result?: ExecutionResult): void {
    this.flights.land(request, result?.verdict ?? null);
  }
}
