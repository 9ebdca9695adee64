import type { IncomingMessage } from 'node:http';
import { SoulboxError, type Credentials } from '@soulbox/plugin-sdk';
import { isLoopback, urlHost } from '@soulbox/plugin-sdk/listening';
import type { WebSocketConfig } from './config.ts';

/** Why an HTTP request gets no further, and the status that says so. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly error: SoulboxError;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, error: SoulboxError, headers: Readonly<Record<string, string>> = {}) {
    super(error.message);
    this.status = status;
    this.error = error;
    this.headers = headers;
  }
}

const maxHeaders = 100;
const single = ['host', 'origin', 'authorization', 'sec-websocket-key', 'sec-websocket-version'];

function malformed(status: number, message: string, headers: Record<string, string> = {}): Refusal {
  return new Refusal(status, new SoulboxError('invalid_request', message), headers);
}

/** The `Host` headers under which this listener may be addressed. A page of a rebound DNS name sends another. */
export function hostNames(config: WebSocketConfig, port: number): ReadonlySet<string> {
  const listening = urlHost(config.host.toLowerCase());
  const names = new Set(config.allowedHosts);
  names.add(`${listening}:${port}`);
  if (isLoopback(config.host) || config.host === '0.0.0.0' || config.host === '::')
    for (const name of ['127.0.0.1', 'localhost', '[::1]']) names.add(`${name}:${port}`);
  return names;
}

/** Checks what holds for every request. @throws Refusal */
export function checkRequest(request: IncomingMessage, hosts: ReadonlySet<string>): void {
  // Node keeps the first of repeated headers; a proxy in front may have looked at the last.
  if (request.rawHeaders.length > 2 * maxHeaders) throw malformed(431, `more than ${maxHeaders} headers`);
  const repeated = single.find((name) => (request.headersDistinct[name]?.length ?? 0) > 1);
  if (repeated !== undefined) throw malformed(400, `the header ${repeated} is repeated`);
  // Node reads a body of an unknown encoding to the end of the connection; another reader might see a request in it.
  if (request.headers['transfer-encoding'] !== undefined) throw malformed(400, 'no request here needs a coded body');
  if (!hosts.has((request.headers.host ?? '').toLowerCase()))
    throw malformed(421, 'this host does not go by that name; add it to allowedHosts if it should');
}

/** Checks what a WebSocket upgrade must satisfy before any key is looked at. @throws Refusal */
export function checkUpgrade(request: IncomingMessage, config: WebSocketConfig): void {
  const { headers } = request;
  if (request.url?.split('?', 1)[0] !== config.path) {
    throw new Refusal(404, new SoulboxError('not_found', `WebSockets are served at ${config.path}`));
  }
  if (headers['content-length'] !== undefined) throw malformed(400, 'an upgrade request has no body');
  if (headers['sec-websocket-version'] !== '13')
    throw malformed(426, 'only version 13 of the WebSocket protocol is spoken', { 'Sec-WebSocket-Version': '13' });
  if (headers.origin !== undefined && !config.allowedOrigins.includes(headers.origin)) {
    throw new Refusal(403, new SoulboxError('permission_denied', 'pages of this origin may not connect'));
  }
}

/**
 * The credentials of the `Authorization` header; `undefined` without one.
 * @throws unauthenticated when it is malformed.
 */
export function readCredentials(request: IncomingMessage): Credentials | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  const [, scheme, value] = /^([A-Za-z][A-Za-z0-9-]*) +([^\s]+)$/.exec(header) ?? [];
  if (scheme === undefined || value === undefined)
    throw new SoulboxError('unauthenticated', 'the Authorization header must be "Bearer KEY"');
  return { scheme: scheme.toLowerCase(), value, remote: request.socket.remoteAddress ?? null };
}
