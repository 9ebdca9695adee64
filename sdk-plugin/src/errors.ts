import { errorCatalogue, isErrorCode, type ErrorCode, type ErrorEntry } from './error-catalogue.ts';

export interface SoulboxErrorOptions {
  /** Plain data for the client: field names, limits, ids. Never secrets, paths of the host or stacks. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** The underlying failure, for the log only. */
  readonly cause?: unknown;
}

/** What a client gets to see of an error, on every transport. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly advice: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const brand = Symbol.for('soulbox/error@1');

/** The one error type that crosses plugin and transport boundaries; `code` is stable, `message` is for people. */
export class SoulboxError extends Error {
  override readonly name = 'SoulboxError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, options: SoulboxErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }

  get entry(): ErrorEntry {
    return errorCatalogue[this.code];
  }

  /** The part that may leave the host. */
  toBody(): ErrorBody {
    const { retryable, advice } = this.entry;
    return {
      code: this.code,
      message: this.message,
      retryable,
      advice,
      ...(this.details ? { details: this.details } : {}),
    };
  }
}

/** Recognises a SoulboxError, also one made by another copy of this SDK. */
export function isSoulboxError(value: unknown): value is SoulboxError {
  return value instanceof Error && brand in value && isErrorCode((value as { code?: unknown }).code);
}

/**
 * Turns anything thrown into a SoulboxError. What is not one already becomes `internal` with a message that says
 * nothing, since a foreign message may hold paths or secrets; the original is kept as `cause` for the log.
 */
export function toSoulboxError(thrown: unknown): SoulboxError {
  if (isSoulboxError(thrown)) return thrown;
  return new SoulboxError('internal', 'an internal error occurred', { cause: thrown });
}

/** Rebuilds the error that {@link SoulboxError.toBody} described, on the client's side of a wire. */
export function fromErrorBody(body: { code?: unknown; message?: unknown; details?: unknown }): SoulboxError {
  const code = isErrorCode(body.code) ? body.code : 'internal';
  const details = typeof body.details === 'object' && body.details !== null ? { details: { ...body.details } } : {};
  return new SoulboxError(code, typeof body.message === 'string' ? body.message : 'unknown error', details);
}
