import {
  SoulboxError,
  Store,
  type FollowOptions,
  type StoreChange,
  type StoreEvent,
  type StorePage,
  type StoreQuery,
  type StoredDocument,
} from '@soulbox/plugin-sdk';
import type { Services } from './services.ts';
import type { Traffic } from './traffic.ts';

/** The store as core holds it: whichever plugin provides it now. Calls wait while it is replaced. */
export class StoreHandle implements Store {
  private readonly services: Services;
  private readonly traffic: Traffic;

  constructor(services: Services, traffic: Traffic) {
    this.services = services;
    this.traffic = traffic;
  }

  /** @throws capability_missing when no active plugin provides one. */
  get current(): Store {
    const store = this.services.get<Store>(Store);
    if (store) return store;
    const message = 'no active plugin provides a store, and executions cannot be recorded without one';
    throw new SoulboxError('capability_missing', message);
  }

  define(collection: string, options: { readonly indexes: readonly string[] }): Promise<void> {
    return this.traffic.briefly(() => this.current.define(collection, options));
  }

  get(collection: string, id: string): Promise<StoredDocument | undefined> {
    return this.traffic.briefly(() => this.current.get(collection, id));
  }

  query(collection: string, query: StoreQuery): Promise<StorePage> {
    return this.traffic.briefly(() => this.current.query(collection, query));
  }

  commit(changes: readonly StoreChange[]): Promise<readonly number[]> {
    return this.traffic.briefly(() => this.current.commit(changes));
  }

  follow(options: FollowOptions): AsyncIterable<StoreEvent> {
    return this.current.follow(options);
  }
}
