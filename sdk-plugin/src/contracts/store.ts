import { z } from 'zod';
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

/** Only fields that the collection declares may be filtered or ordered by. */
export interface StoreQuery {
  /** Values of top-level fields are compared for equality, type included; all must hold. An absent field is `null`. */
  readonly where?: Readonly<Record<string, string | number | boolean | null>>;
  /**
   * A top-level field, ascending unless `descending`; ties go by id, the same way, and so does the default. `null` comes before all else,
   * numbers before strings, strings by code point; the order of values of other types is fixed but unspecified.
   */
  readonly orderBy?: { readonly field: string; readonly descending?: boolean };
  /** At most 1,000; by default 100. Pages of large documents may hold fewer. */
  readonly limit?: number;
  /** The `cursor` of the page before, of the same query. */
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
  /** The new version; 0 for a deletion. */
  readonly version: number;
}

/** What {@link Store.follow} follows. */
export interface FollowOptions {
  readonly after?: number;
  /** By default all. */
  readonly collections?: readonly string[];
  readonly signal: AbortSignal;
}

/** Documents in collections. What `commit` has acknowledged survives the death of the process and of the machine. */
export interface Store {
  /**
   * Declares a collection and the top-level fields that queries filter or order by. Repeating it is harmless, and adds.
   * An entry of several fields joined by commas, `tenant,createdAt,verdict`, serves queries that filter by the first and
   * order by the next; those after them are at hand for filters that are rare. Each entry costs at every write.
   * @throws invalid_params for a malformed name.
   */
  define(collection: string, options: { readonly indexes: readonly string[] }): Promise<void>;
  get(collection: string, id: string): Promise<StoredDocument | undefined>;
  /** @throws invalid_params for a field that is not declared, a limit out of range, or a cursor of another query. */
  query(collection: string, query: StoreQuery): Promise<StorePage>;
  /**
   * All or nothing. Resolves with the new versions, in order (0 for a deletion), once they are durable. Deleting what
   * is not there changes nothing.
   * @throws conflict when an `ifVersion` does not hold (`details: { collection, id, expected, actual }`),
   * invalid_params for what is not JSON, payload_too_large for a document over the store's limit, storage_failed when
   * it cannot be written.
   */
  commit(changes: readonly StoreChange[]): Promise<readonly number[]>;
  /**
   * Committed changes after `sequence` (by default: from the time of the call), from every host that shares the store,
   * until aborted; then the iteration ends without an error. With `collections` only changes of those: a follower is
   * best told of nothing else, since each change that it hears of costs.
   * @throws conflict when changes after `after` are not all kept any more, or `after` is in the future: read the
   * current state, and follow from now.
   */
  follow(options: FollowOptions): AsyncIterable<StoreEvent>;
}
export const Store = token<Store>('store', '1.0.0', ['define', 'get', 'query', 'commit', 'follow']);

const collection = z.string().regex(/^[a-z][a-zA-Z0-9._-]{0,63}$/, 'must be a name like executions');
const field = /^[a-zA-Z][a-zA-Z0-9_]{0,63}$/;
const fieldName = z.string().regex(field, 'must be a name like createdAt');
const documentId = z
  .string()
  .min(1)
  .max(512)
  .refine((id) => !id.includes('\0') && !/\p{Surrogate}/u.test(id), 'must be well-formed text without NUL');
const ifVersion = z.int().min(0).optional();

function isCondition(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([name, wanted]) =>
      field.test(name) && (wanted === null || ['string', 'boolean'].includes(typeof wanted) || Number.isFinite(wanted)),
  );
}

/** What the arguments of a {@link Store} must look like; for its implementations. */
export const StoreArguments = Object.freeze({
  collection,
  documentId,
  indexes: z.array(z.string().regex(/^[a-zA-Z][a-zA-Z0-9_]{0,63}(,[a-zA-Z][a-zA-Z0-9_]{0,63}){0,3}$/)).max(32),
  query: z.strictObject({
    // Not z.record: it drops the key __proto__, and a filter that vanishes lets everything through.
    where: z.custom<NonNullable<StoreQuery['where']>>(isCondition, 'must map field names to JSON scalars').optional(),
    orderBy: z.strictObject({ field: fieldName, descending: z.boolean().optional() }).optional(),
    limit: z.int().min(1).max(1000).default(100),
    after: z.string().optional(),
  }),
  changes: z
    .array(
      z.discriminatedUnion('op', [
        // What a value may hold is checked where it is encoded.
        z.strictObject({ op: z.literal('put'), collection, id: documentId, value: z.custom<JsonObject>(), ifVersion }),
        z.strictObject({ op: z.literal('delete'), collection, id: documentId, ifVersion }),
      ]),
    )
    .max(10_000),
});
