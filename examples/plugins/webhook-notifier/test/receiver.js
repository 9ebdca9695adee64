import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

export const secret = 'a secret of 24 characters';

/** @typedef {{ path: string, delivery: unknown, valid: boolean, message: any }} Received */

/**
 * A real receiver on this machine, which answers each post as told: with a status, with a redirect to a path, or never.
 * @param {(attempt: number) => number | string | undefined} answer
 */
export async function startReceiver(answer) {
  /** @type {Received[]} */
  const received = [];
  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  async function respond(request, response) {
    const body = await text(request);
    const [, time, hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request.headers['x-soulbox-signature'])) ?? [];
    const valid = hex === createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
    const delivery = request.headers['x-soulbox-delivery'];
    received.push({ path: request.url ?? '', delivery, valid, message: JSON.parse(body) });
    const told = answer(received.length);
    if (typeof told === 'number') response.writeHead(told).end('ok');
    else if (told !== undefined) response.writeHead(307, { location: told }).end();
  }
  const server = createServer((request, response) => void respond(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}/hook`, received, close };
}
