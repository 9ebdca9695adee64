import { errorCatalogue, fromErrorBody, isSoulboxError } from '@soulbox/plugin-sdk';
import { SkipSignal } from '../plugins/skip-signal.ts';

/** An error as it crosses: the `error` member of a JSON-RPC answer. */
export interface EncodedError {
  readonly code: number;
  readonly message: string;
  readonly data:
    | { readonly kind: 'soulbox'; readonly body: Parameters<typeof fromErrorBody>[0] }
    | { readonly kind: 'skip' }
    | { readonly kind: 'foreign'; readonly name: string; readonly stack: string };
}

const foreignCode = errorCatalogue.internal.jsonRpc;

export function encodeError(thrown: unknown): EncodedError {
  if (isSoulboxError(thrown))
    return { code: thrown.entry.jsonRpc, message: thrown.message, data: { kind: 'soulbox', body: thrown.toBody() } };
  if (thrown instanceof SkipSignal) return { code: foreignCode, message: thrown.message, data: { kind: 'skip' } };
  if (!(thrown instanceof Error))
    return { code: foreignCode, message: String(thrown), data: { kind: 'foreign', name: 'Error', stack: '' } };
  const { name, message, stack = '' } = thrown;
  return { code: foreignCode, message, data: { kind: 'foreign', name, stack } };
}

/** The error as it would have been thrown on this side: a foreign one stays foreign, with its own stack for the log. */
export function decodeError({ message, data }: Partial<EncodedError>): Error {
  if (data?.kind === 'soulbox') return fromErrorBody(data.body);
  if (data?.kind === 'skip') return new SkipSignal(message);
  const error = new Error(message);
  if (data?.kind === 'foreign') Object.assign(error, { name: data.name, stack: data.stack });
  return error;
}
