import { token, tokens } from '../token.ts';
import type { Credentials, Principal } from './auth.ts';
import type { OperationDescriptor } from '../operation.ts';

export interface CallOptions {
  readonly principal: Principal;
  readonly requestId: string;
  /** Aborted when the caller withdraws the call; a lost connection alone does not abort. */
  readonly signal: AbortSignal;
}

/** What a streaming operation yields: events, then exactly one result. */
export type StreamItem = { readonly event: unknown } | { readonly result: unknown };

/** The host as transports see it: every public operation, by name. */
export interface Api {
  operations(): Promise<readonly OperationDescriptor[]>;
  /** @throws unauthenticated, or auth_unavailable when a provider failed. */
  authenticate(credentials: Credentials): Promise<Principal>;
  /** @throws SoulboxError: anything else that goes wrong in the host has become one. */
  call(operation: string, params: unknown, options: CallOptions): Promise<unknown>;
  /** As `call`, with the events of a streaming operation before its result. The consumer sets the pace. */
  stream(operation: string, params: unknown, options: CallOptions): AsyncIterable<StreamItem>;
}
export const Api = token<Api>('api', '1.0.0', ['operations', 'authenticate', 'call', 'stream']);

/** Serves the operations over one protocol. The host calls `listen` when every plugin is up. */
export interface Transport {
  /** Starts to accept. Resolves with the address as a URL. */
  listen(): Promise<{ readonly url: string }>;
  /** Accepts nothing new, tells clients, and resolves when the last call is answered or `deadlineMs` has passed. */
  close(options: { readonly deadlineMs: number }): Promise<void>;
}
export const Transport = tokens<Transport>('transport', '1.0.0', ['listen', 'close']);

/** What the module that a manifest names under `soulbox.client` exports, for the command line and others. */
export interface RemoteClient {
  call(operation: string, params: unknown, options?: { readonly signal?: AbortSignal }): Promise<unknown>;
  stream(operation: string, params: unknown, options?: { readonly signal?: AbortSignal }): AsyncIterable<StreamItem>;
  close(): Promise<void>;
}
export type ConnectRemote = (options: { readonly url: string; readonly key: string }) => Promise<RemoteClient>;
