import type { ErrorBody, StoreEvent, StoreQuery } from '@soulbox/plugin-sdk';

/** What the worker opens. */
export interface DatabaseOptions {
  /** Absolute. */
  readonly path: string;
  readonly busyTimeoutMs: number;
  readonly keepChanges: number;
  readonly keepChangesMs: number;
}

/** A checked change whose value is JSON text already. */
export type EncodedChange =
  | {
      readonly op: 'put';
      readonly collection: string;
      readonly id: string;
      readonly text: string;
      readonly ifVersion: number | undefined;
    }
  | { readonly op: 'delete'; readonly collection: string; readonly id: string; readonly ifVersion: number | undefined };

export interface EncodedDocument {
  readonly id: string;
  readonly version: number;
  readonly text: string;
}

/** What the store asks of the worker, and what it gets back. */
export interface Requests {
  readonly define: { in: { readonly collection: string; readonly indexes: readonly string[] }; out: null };
  readonly get: { in: { readonly collection: string; readonly id: string }; out: EncodedDocument | null };
  readonly query: {
    in: { readonly collection: string; readonly query: StoreQuery & { readonly limit: number } };
    out: { readonly documents: readonly EncodedDocument[]; readonly cursor: string | null };
  };
  readonly commit: { in: readonly EncodedChange[]; out: readonly number[] };
  /** The sequence of the newest change. */
  readonly head: { in: null; out: number };
  readonly changes: { in: ChangesAsked; out: ChangesRead };
  /** Differs from the last answer when another connection has committed since. */
  readonly dataVersion: { in: null; out: number };
  readonly close: { in: null; out: null };
}
export type RequestName = keyof Requests;

export interface ChangesAsked {
  readonly after: number;
  /** `null` for all. */
  readonly collections: readonly string[] | null;
  readonly limit: number;
}

export interface ChangesRead {
  readonly events: readonly StoreEvent[];
  /** The sequence up to which there are no others. */
  readonly through: number;
  /** As it was before `events` were read. */
  readonly dataVersion: number;
}

export type Request = {
  [N in RequestName]: { readonly number: number; readonly name: N; readonly argument: Requests[N]['in'] };
}[RequestName];

export interface SentError {
  readonly body: ErrorBody;
  /** For the log. */
  readonly cause: string | null;
}

export type Reply =
  { readonly number: number; readonly result: unknown } | { readonly number: number; readonly error: SentError };
