import { token } from '../token.ts';

/** Any JSON value: what a document may hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** A document with its version, which grows by one with each change and starts at 1. */
export interface StoredDocument<T = JsonObject> {
  readonly id: string;
  readonly version: number;
  readonly value: T;
}

export type StoreChange =
  /** `ifVersion: 0` demands that it is new, a number that it has that version; absent means no matter. */
  | {
      readonly op: 'put';
      readonly collection: string;
      readonly id: string;
      readonly value: JsonObject;
      readonly ifVersion?: number;
    }
  | { readonly op: 'delete'; readonly collection: string; readonly id: string; readonly ifVersion?: number };

/** Values of top-level fields are compared for equality; all must hold. */
export interface StoreQuery {
  readonly where?: Readonly<Record<string, string | number | boolean | null>>;
  /** A top-level field, ascending unless `descending`; ties and the default go by id. */
  readonly orderBy?: { readonly field: string; readonly descending?: boolean };
  /** At most 1,000; by default 100. */
  readonly limit?: number;
  /** The `cursor` of the page before. */
  readonly after?: string;
}

export interface StorePage<T = JsonObject> {
  readonly documents: readonly StoredDocument<T>[];
  /** `null` on the last page. */
  readonly cursor: string | null;
}

/** One committed change, as followers see it. `sequence` grows over the whole store. */
export interface StoreEvent {
  readonly sequence: number;
  readonly collection: string;
  readonly id: string;
  readonly op: 'put' | 'delete';
  readonly version: number;
}

/** Documents in collections. What `commit` has acknowledged survives the death of the process and of the machine. */
export interface Store {
  /** Declares a collection and the top-level fields that queries filter or order by. Repeating it is harmless. */
  define(collection: string, options: { readonly indexes: readonly string[] }): Promise<void>;
  get(collection: string, id: string): Promise<StoredDocument | undefined>;
  query(collection: string, query: StoreQuery): Promise<StorePage>;
  /**
   * All or nothing. Resolves with the new versions, in order (0 for a deletion), once they are durable.
   * @throws conflict when an `ifVersion` does not hold, storage_failed when it cannot be written.
   */
  commit(changes: readonly StoreChange[]): Promise<readonly number[]>;
  /** Committed changes after `sequence` (by default: from now), from every host that shares the store, until aborted. */
  follow(options: { readonly after?: number; readonly signal: AbortSignal }): AsyncIterable<StoreEvent>;
}
export const Store = token<Store>('store', '1.0.0');
