import { inspect } from 'node:util';
import { SoulboxError, fromErrorBody, isSoulboxError } from '@soulbox/plugin-sdk/errors';
import type { SentError } from './messages.ts';

const reasons: readonly (readonly [prefix: string, reason: string, message: string])[] = [
  ['SQLITE_FULL', 'full', 'the disk of the database is full'],
  ['SQLITE_READONLY', 'read-only', 'the database cannot be written'],
  ['SQLITE_BUSY', 'busy', 'another process holds the database too long'],
  ['SQLITE_CORRUPT', 'damaged', 'the database is damaged: restore it from a backup'],
  ['SQLITE_NOTADB', 'damaged', 'the database is damaged: restore it from a backup'],
  ['SQLITE_IOERR', 'io', 'the database cannot be read or written'],
];

function codeOf(thrown: unknown): string {
  return String((thrown as { code?: unknown } | null)?.code);
}

/** Whether SQLite gave up waiting for another process. */
export function isBusy(thrown: unknown): boolean {
  return codeOf(thrown).startsWith('SQLITE_BUSY');
}

/** Anything thrown by SQLite or the file system as storage_failed with `details.reason`; SoulboxErrors stay. */
export function toStorageError(thrown: unknown): SoulboxError {
  if (isSoulboxError(thrown)) return thrown;
  const code = codeOf(thrown);
  const [, reason, message] = reasons.find(([prefix]) => code.startsWith(prefix)) ?? ['', 'other', 'the store failed'];
  return new SoulboxError('storage_failed', message, { details: { reason }, cause: thrown });
}

function describe(cause: unknown): string {
  return cause instanceof Error ? `${cause.message} (${codeOf(cause)})` : inspect(cause);
}

/** An error in a form that can be posted to another thread. */
export function packError(thrown: unknown): SentError {
  const error = toStorageError(thrown);
  return { body: error.toBody(), cause: error.cause === undefined ? null : describe(error.cause) };
}

export function unpackError({ body, cause }: SentError): SoulboxError {
  const error = fromErrorBody(body);
  return cause === null ? error : new SoulboxError(error.code, error.message, { details: error.details ?? {}, cause });
}
