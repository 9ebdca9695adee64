import { createJSONRPCErrorResponse, type JSONRPCErrorResponse, type JSONRPCID } from 'json-rpc-2.0';
import { toSoulboxError, type SoulboxError } from '@soulbox/plugin-sdk';

/** The JSON-RPC answer for anything thrown; `data` is the `ErrorBody`. */
export function errorResponse(id: JSONRPCID, thrown: unknown): JSONRPCErrorResponse {
  const error = toSoulboxError(thrown);
  return createJSONRPCErrorResponse(id, error.entry.jsonRpc, error.message, error.toBody());
}

/** The same as text, for a message that cannot be told apart into calls, or must not be taken for another's answer. */
export function anonymousError(error: SoulboxError): string {
  return JSON.stringify(errorResponse(null, error));
}

/** An answer as text. What JSON cannot express becomes an error, since a caller must get an answer. */
export function serialise(answer: { readonly id: JSONRPCID }, report: (cause: unknown) => SoulboxError): string {
  try {
    return JSON.stringify(answer);
  } catch (cause) {
    return JSON.stringify(errorResponse(answer.id, report(cause)));
  }
}
