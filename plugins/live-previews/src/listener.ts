import { readFile } from 'node:fs/promises';
import {
  STATUS_CODES,
  createServer as createPlain,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { Socket } from 'node:net';
import { inSandbox, SoulboxError, toSoulboxError, type LiveSandboxes, type PluginContext } from '@soulbox/plugin-sdk';
import { bind } from '@soulbox/plugin-sdk/listening';
import { admit, cookieOf } from './access.ts';
import { Addresses } from './address.ts';
import type { Config } from './config.ts';
import type { Previews } from './previews.ts';
import { Proxy, type Passage } from './proxy.ts';
import type { Uses } from './uses.ts';

/** What of a request is answered to whom, once it is known who asks for what. */
type Hand = (passage: Passage) => Promise<void>;

/** Where previews are served. It listens from the first time on that somebody needs it. */
export class Listener {
  readonly #config: Config;
  readonly #log: PluginContext['log'];
  readonly #sandboxes: LiveSandboxes;
  readonly #previews: Previews;
  readonly #uses: Uses;
  readonly #proxy = new Proxy();
  readonly #sockets = new Set<Socket>();
  #listening: Promise<{ readonly server: Server; readonly addresses: Addresses }> | undefined;

  constructor(
    { config, log }: Pick<PluginContext<Config>, 'config' | 'log'>,
    sandboxes: LiveSandboxes,
    previews: Previews,
    uses: Uses,
  ) {
    this.#config = config;
    this.#log = log;
    this.#sandboxes = sandboxes;
    this.#previews = previews;
    this.#uses = uses;
  }

  /** Listens, unless it does already. @throws conflict, config_invalid */
  async open(): Promise<Addresses> {
    this.#listening ??= this.#listen();
    try {
      return (await this.#listening).addresses;
    } catch (error) {
      this.#listening = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    const listening = await this.#listening?.catch(() => undefined);
    if (listening === undefined) return;
    const closed = new Promise<void>((resolve) => listening.server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #listen() {
    const { headersTimeoutMs, connections, tls, host, port } = this.#config;
    const options = {
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: Math.min(1_000, headersTimeoutMs),
      maxHeaderSize: 32 * 1024,
      // What is sent up may be large, and slow.
      requestTimeout: 0,
    };
    const server = tls ? createSecure({ ...options, ...(await certificateOf(tls)) }) : createPlain(options);
    server.maxConnections = connections;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    const addresses = new Addresses(this.#config, await bind(server, { host, port }));
    server.on('request', (request, response) => void this.#answer(addresses, request, response));
    server.on(
      'upgrade',
      (request, socket: Socket, head: Buffer) => void this.#upgrade(addresses, request, socket, head),
    );
    this.#log.info({ host, port: server.address() }, 'previews are served');
    return { server, addresses };
  }

  async #answer(addresses: Addresses, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (thrown: unknown) => {
      if (response.headersSent) return void response.destroy();
      const { status, headers, body } = this.#refusal(thrown);
      return void response.writeHead(status, headers).end(body);
    };
    await this.#admit(addresses, request, async (passage) => {
      const { keep, url } = passage.admitted;
      if (keep === undefined) return this.#proxy.request(request, response, passage, refuse);
      const cookie = cookieOf(keep, this.#isSecure);
      // Two slashes would lead to another host.
      const location = url.replace(/^\/+/, '/');
      response.writeHead(303, { location, 'set-cookie': cookie, 'cache-control': 'no-store' }).end();
    }).catch(refuse);
  }

  async #upgrade(addresses: Addresses, request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const refuse = (thrown: unknown, answered = false) => {
      if (answered || !socket.writable) return void socket.destroy();
      const { status, headers, body } = this.#refusal(thrown);
      const lines = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}`);
      return void socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'));
    };
    await this.#admit(addresses, request, (passage) =>
      this.#proxy.upgrade(request, socket, head, passage, refuse),
    ).catch(refuse);
  }

  /** Opens the sandbox that a request is for, for as long as `hand` works. @throws what stands against it */
  async #admit(addresses: Addresses, request: IncomingMessage, hand: Hand): Promise<void> {
    const destination = addresses.destination(request);
    const preview = this.#previews.find(destination.id);
    const admitted = admit(request, destination, preview);
    const { leave } = this.#uses.enter(preview.id, request.socket, preview.expiresAt);
    try {
      await inSandbox(this.#sandboxes, preview.sandbox, { principal: preview }, async (sandbox) => {
        // Who asked may have left meanwhile, and is not told of.
        if (!request.socket.destroyed)
          await hand({ sandbox, port: preview.port, destination, admitted, secure: this.#isSecure });
      });
    } finally {
      leave();
    }
  }

  get #isSecure(): boolean {
    const { url, tls } = this.#config;
    return url?.startsWith('https:') ?? tls !== undefined;
  }

  /** The marked header tells a client that it is not the program that answers. */
  #refusal(thrown: unknown) {
    const error = toSoulboxError(thrown);
    if (error.code === 'internal') this.#log.warn({ err: error.cause }, 'a preview could not be served');
    const isBad = error.code === 'port_closed' || error.code === 'internal';
    const status = isBad ? 502 : error.entry.http;
    // The advice for that code is about keys of the host, which open no preview.
    const { advice, ...about } = error.toBody();
    const body = JSON.stringify({ error: error.code === 'unauthenticated' ? about : { ...about, advice } });
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-soulbox-error': error.code,
    };
    return { status, headers, body };
  }
}

async function certificateOf({ certificate, key }: NonNullable<Config['tls']>) {
  try {
    return { cert: await readFile(certificate), key: await readFile(key) };
  } catch (cause) {
    throw new SoulboxError('config_invalid', 'the certificate or its key cannot be read', { cause });
  }
}
