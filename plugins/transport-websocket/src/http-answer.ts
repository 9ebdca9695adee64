import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { toSoulboxError } from '@soulbox/plugin-sdk';
import { Refusal } from './admission.ts';

const lingerMs = 1_000;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer in JSON after which the connection ends. */
export function jsonAnswer(status: number, body: object, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  const text = JSON.stringify(body);
  return {
    status,
    body: text,
    headers: {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(text)),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      Connection: 'close',
      ...headers,
    },
  };
}

/** The answer for anything thrown while a request is looked at: an `ErrorBody`. */
export function errorAnswer(thrown: unknown): HttpAnswer {
  if (thrown instanceof Refusal) return jsonAnswer(thrown.status, thrown.error.toBody(), thrown.headers);
  const error = toSoulboxError(thrown);
  const headers = error.code === 'unauthenticated' ? { 'WWW-Authenticate': 'Bearer' } : {};
  return jsonAnswer(error.entry.http, error.toBody(), headers);
}

/** Answers an upgrade request on its bare socket and ends it. */
export function writeAnswer(socket: Duplex, { status, headers, body }: HttpAnswer): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  // Destroyed with bytes unread, the socket would take the answer back; a peer that never leaves is not waited for.
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'));
}
