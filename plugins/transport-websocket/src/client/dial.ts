import type { IncomingMessage } from 'node:http';
import { WebSocket, type ClientOptions } from 'ws';
import { fromErrorBody, SoulboxError } from '@soulbox/plugin-sdk';

export interface Address {
  readonly url: string;
  readonly key: string;
}

const maxRefusalBytes = 64 * 1024;
const options: ClientOptions & { closeTimeout: number } = {
  handshakeTimeout: 10_000,
  closeTimeout: 2_000,
  maxPayload: 256 * 1024 * 1024,
  perMessageDeflate: false,
};

function unreachable(url: string, cause: unknown): SoulboxError {
  const { code } = cause as NodeJS.ErrnoException;
  return new SoulboxError('unreachable', `cannot connect to ${url}${code === undefined ? '' : `: ${code}`}`, { cause });
}

/** What a host, or something in front of it, said instead of upgrading. */
async function readRefusal(url: string, response: IncomingMessage): Promise<SoulboxError> {
  let text = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk as string;
      if (text.length > maxRefusalBytes) break;
    }
    const body = JSON.parse(text) as { code?: unknown } | null;
    if (typeof body?.code === 'string') return fromErrorBody(body);
  } catch {
    // It was not a SoulBox host that answered, or not to the end: the status is what there is.
  }
  return new SoulboxError('unreachable', `${url} answered with status ${response.statusCode} and is no SoulBox host`);
}

function open({ url, key }: Address): WebSocket {
  try {
    return new WebSocket(url, { ...options, headers: { authorization: `Bearer ${key}` } });
  } catch (cause) {
    // The key might be in the message of the cause, so that is kept out of ours.
    throw new SoulboxError('invalid_params', 'the URL or the key is malformed', { cause });
  }
}

/**
 * Opens an authenticated connection.
 * @throws unauthenticated, draining, overloaded and what else the host refuses with; unreachable, invalid_params
 */
export function dial(address: Address): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = open(address);
    socket.on('error', (cause) => reject(unreachable(address.url, cause)));
    socket.once('unexpected-response', (request, response) => {
      void readRefusal(address.url, response)
        .then(reject)
        .finally(() => request.destroy());
    });
    socket.once('open', () => resolve(socket));
  });
}
